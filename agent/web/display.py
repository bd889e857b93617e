"""Numbers, times and durations as people read them: truncated, with their numerator and denominator, never alone."""

from collections.abc import Mapping
from gettext import NullTranslations
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.instants import format_instant
from agent.web.details import Detail, told
from agent.web.words import CAUSES, DEGRADED, NOT_IN_SERVICE, NOTHING_MEASURED, OUTCOMES, REASONS, STATES
from sla.availability import Availability, Ratio
from sla.model import Cause, Outcome, State
from sla.numbers import percent
from sla.periods import to_datetime

DECIMALS = 4
"""V3: of a percent of availability."""

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
SECOND_US = 1_000_000


class Moment(NamedTuple):
    """An instant: as short as its day allows, and exact."""

    text: str
    exact: str


class Share(NamedTuple):
    """Time in one state; only states that have any."""

    state: State
    us: int
    text: str


class Rate(NamedTuple):
    """An availability with its proof. `text` is "" where nothing was measured; `why` then says so."""

    text: str
    proof: str
    why: str
    shares: tuple[Share, ...]


class Display:
    """Writes in one language and one zone; `as_of` is the instant that relative times refer to."""

    def __init__(self, words: NullTranslations, zone: ZoneInfo, as_of: int) -> None:
        self.words = words
        self.zone = zone
        self.as_of = as_of

    def moment(self, us: int) -> Moment:
        """The time alone on the same day, without the year in the same year, else whole."""
        here, now = to_datetime(us, self.zone), to_datetime(self.as_of, self.zone)
        if here.date() == now.date():
            text = f"{here:%H:%M:%S}"
        else:
            text = f"{here:%m-%d %H:%M:%S}" if here.year == now.year else f"{here:%Y-%m-%d %H:%M:%S}"
        return Moment(text, format_instant(us, self.zone))

    def whole(self, us: int) -> Moment:
        """The full date and time."""
        return Moment(f"{to_datetime(us, self.zone):%Y-%m-%d %H:%M:%S}", format_instant(us, self.zone))

    def duration(self, us: int) -> str:
        """m:ss under an hour, h:mm:ss under seven days, then days and hours."""
        if us >= 7 * DAY_US:
            days, rest = divmod(us, DAY_US)
            return self.words.gettext("%(days)d d %(hours)d h") % {"days": days, "hours": rest // HOUR_US}
        if us >= HOUR_US:
            return hours(us)
        minutes, seconds = divmod(max(us, 0) // SECOND_US, 60)
        return f"{minutes}:{seconds:02}"

    def ago(self, us: int) -> str:
        """How long before now."""
        seconds = max(us, 0) // SECOND_US
        if seconds < 60:
            return self.words.ngettext("%(n)d second ago", "%(n)d seconds ago", seconds) % {"n": seconds}
        return self.words.gettext("%(duration)s ago") % {"duration": self.duration(us)}

    def rate(self, measured: Availability) -> Rate:
        """The bounds of an availability (A4), or why there is none."""
        shares = tuple(
            Share(state, us, self.duration(us)) for state, us in zip(State, measured.parts, strict=True) if us
        )
        if measured.value is None:
            why = NOTHING_MEASURED if measured.parts.in_service else NOT_IN_SERVICE
            return Rate("", "", self.words.gettext(why), shares)
        low, high = measured.all_in
        return Rate(_range(percent(low, DECIMALS), percent(high, DECIMALS)), _proof(low, high), "", shares)

    def state(self, state: State) -> str:
        """The state's word."""
        return self.words.gettext(STATES[state])

    def outcome(self, outcome: Outcome) -> str:
        """The outcome's word."""
        return self.words.gettext(OUTCOMES[outcome])

    def cause(self, cause: Cause) -> str:
        """Why an edge stands."""
        return self.words.gettext(CAUSES[cause])

    def reason(self, code: str) -> str:
        """Why a reading is not ok."""
        return self._coded(REASONS, code)

    def detail(self, text: str) -> Detail:
        """What a collector said of a reading."""
        return told(text, self.words)

    def degraded(self, code: str) -> str:
        """Why a component is DEGRADED."""
        return self._coded(DEGRADED, code)

    def _coded(self, known: Mapping[str, str], code: str) -> str:
        return self.words.gettext(known[code]) if code in known else code


def hours(us: int) -> str:
    """h:mm:ss, truncated."""
    seconds = us // SECOND_US
    return f"{seconds // 3600:,}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _proof(low: Ratio, high: Ratio) -> str:
    """Numerators and denominator of two bounds over the same time."""
    return f"{_range(hours(low[0]), hours(high[0]))} / {hours(low[1])}"


def _range(low: str, high: str) -> str:
    return low if low == high else f"{low} \N{EN DASH} {high}"
