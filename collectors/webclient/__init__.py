"""Asking a URL once over HTTP/1.1, for every kind that has to: each step timed, every wait and read bounded."""
