"""Jobs by the calendar: the daily clean-up, and registers put to use when a row of theirs begins."""

import logging
from collections.abc import Awaitable, Callable

from agent.calendar import Calendar
from agent.commit import Committer
from agent.errors import AgentError, StoreError
from agent.housekeeping import Housekeeping

LOG = logging.getLogger(__name__)

BORDER_AGAIN_SECONDS = 10
"""How soon a register border is tried again that the store, or a module, refused."""


class Upkeep:
    """Plans the jobs. A refusal of one is said and tried again: a full disk must not cost a day, or a border."""

    def __init__(
        self,
        calendar: Calendar,
        housekeeping: Housekeeping,
        committer: Committer,
        tidy: Callable[[], None],
        look_at_register: Callable[[], None],
    ) -> None:
        self._calendar = calendar
        self._housekeeping = housekeeping
        self._committer = committer
        self._tidy = tidy
        self._look_at_register = look_at_register
        calendar.daily("clean-up", self.clean_up)

    async def clean_up(self) -> None:
        """The daily job: coming periods, the age of what the targets were read from, the store's own upkeep."""
        self._housekeeping.begin_periods()
        self._look_at_register()
        try:
            await self._committer.run_in_writer(self._tidy)
        except StoreError as exc:
            LOG.error("the daily clean-up of the store waits for tomorrow: %s", exc)  # noqa: TRY400 (says it all)

    def at_border(self, at: int | None, take: Callable[[], Awaitable[None]]) -> None:
        """Take what the registers say at that instant, in place of any border before; None for no more."""

        async def border() -> None:
            try:
                await take()
            except AgentError as exc:
                LOG.error("registers are put to use in a moment: %s", exc)  # noqa: TRY400 (says it all)
                self._calendar.soon("registers", BORDER_AGAIN_SECONDS, border)

        self._calendar.once("registers", at, border)
