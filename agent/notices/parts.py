"""The notifier put together from a running agent's parts."""

from pathlib import Path
from typing import TYPE_CHECKING

from agent.notices.watch import NoticeWatch, Parts

if TYPE_CHECKING:
    from agent.app import Agent


def notice_watch(agent: "Agent") -> NoticeWatch:
    """Its state is kept beside the ledger."""

    def isolated() -> dict[str, int]:
        checks = list(agent.ledger.vantage.planes())
        return {check.plane or "gateway": check.since for check in checks if check.since is not None}

    def plane_of(root: str) -> str | None:
        watched = agent.watched.get(root.partition("#")[0])
        return None if watched is None else watched.plane

    return NoticeWatch(
        Parts(
            faults=agent.faults,
            reader=agent.reader,
            metrics=agent.metrics,
            now_us=agent.clock.now_us,
            zone=agent.config.zone_info,
            vantage=agent.config.vantage.name,
            isolated=isolated,
            plane_of=plane_of,
            in_doubt=lambda: agent.watch.unresolved,
            simulated=lambda: agent.is_simulated,
            kept_in=kept_in(agent.location.path),
        )
    )


def kept_in(ledger: Path | None) -> Path | None:
    """The file beside a ledger; none beside one in memory."""
    return None if ledger is None else ledger.with_name(ledger.name + ".notices.json")
