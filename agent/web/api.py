"""The JSON API: what the agent knows, in the words of the method."""

from aiohttp import web


def add_routes(app: web.Application, agent: object) -> None:
    """Routes under /api/v1."""
