"""The files that pages load: from the wheel, never from elsewhere."""

import hashlib
from functools import cache
from importlib import resources
from typing import NamedTuple

TYPES = {"console.css": "text/css", "icon.svg": "image/svg+xml"}
"""The static files there are; nothing else is served."""


class File(NamedTuple):
    """A static file with the digest that its address carries."""

    body: bytes
    digest: str


@cache
def file(name: str) -> File:
    """A static file."""
    body = (resources.files("agent.web") / "static" / name).read_bytes()
    return File(body, hashlib.sha256(body).hexdigest()[:12])


def address(name: str) -> str:
    """Where a page loads it from: a changed file has a new address."""
    return f"/static/{name}?v={file(name).digest}"
