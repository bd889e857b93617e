"""The pages."""

from aiohttp import web


def add_routes(app: web.Application, agent: object) -> None:
    """Routes of pages."""
