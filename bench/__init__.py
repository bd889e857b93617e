"""Benchmarks: each a ratio against a peer in the same run, on loopback alone. `python -m bench --help`."""
