"""What the handlers find in the application."""

from typing import TYPE_CHECKING

from aiohttp import web

from agent.web.questions import Questions

if TYPE_CHECKING:
    from agent.app import Agent

AGENT: web.AppKey["Agent"] = web.AppKey("agent")
QUESTIONS: web.AppKey[Questions] = web.AppKey("questions", Questions)
REPORTS: web.AppKey[Questions] = web.AppKey("reports", Questions)
