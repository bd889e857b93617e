"""The path to an address, hop by hop: for people, and as evidence of a fault. No target is of this kind."""

from collectors.path.collector import KIND, Tracers
from collectors.path.model import Answer, End, Hop, Method, Said, Traced, hop_words, last_answered, sentence
from collectors.path.options import MAX_HOPS, MAX_QUERIES, PathModule, check_address
from collectors.path.tracer import trace

__all__ = [
    "KIND", "MAX_HOPS", "MAX_QUERIES", "Answer", "End", "Hop", "Method", "PathModule", "Said", "Traced", "Tracers",
    "check_address", "hop_words", "last_answered", "sentence", "trace",
]  # fmt: skip
