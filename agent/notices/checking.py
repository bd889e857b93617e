"""What only a template itself can say of a configuration: it is read and filled in once, without the network."""

from pathlib import Path
from zoneinfo import ZoneInfo

from agent.clock import SystemClock
from agent.config.notice_schema import Notices
from agent.errors import UsageError
from agent.notices.forms import form_of
from agent.notices.notice import Notice, Sort
from agent.notices.words import words


def example(vantage: str, at: int, *, simulated: bool = False) -> Notice:
    """What `notices test` sends."""
    return Notice(id=f"test:{at}", sort=Sort.TEST, at=at, vantage=vantage, simulated=simulated, priority="P1")


def check_notices(notices: Notices, folder: Path, zone: ZoneInfo) -> None:
    """Refuse what could never be sent. Errors: UsageError naming the sink."""
    notice = example("check", SystemClock().wall_us())
    for name, hook in notices.webhooks.items():
        try:
            form_of(hook, folder).body(notice, words(notice, notices.lang, zone), {})
        except UsageError as exc:
            raise UsageError(f"notices.webhooks.{name}.template_file: {exc}") from None
    for kind in ("webhooks", "mails", "alertmanagers"):
        for name, sink in getattr(notices, kind).items():
            if sink.ca_file is not None and not Path(sink.ca_file).is_file():
                raise UsageError(f"notices.{kind}.{name}.ca_file: got {sink.ca_file}, wanted a file that is there")
