"""What the registers say in one instant, as the pure figures of plans take it (C1, C4-C6, V5, V6).

A row is in the account by what held of it then: a later entry takes nothing out (A2). What it claims is today's
knowledge: an acceptance that is recorded later counts from its date on, with its document.
"""

from collections.abc import Callable, Collection, Mapping
from fractions import Fraction

from agent.figures.book import Body, Book
from agent.registers.types import SEVERITIES
from sla.accepted import Item, Measure, Use
from sla.coverage import Site, Unit
from sla.dated import Revision, attributes, service
from sla.deadlines import Incident, Issue
from sla.points import Demand

Seen = Callable[[str], bool | None]
"""Whether probes saw an id answer before the cut-off; None where none looks."""

CLOUDS = "cloud"
BUSINESS, COMMON = "business", "common"
MBPS = 1_000_000


def standing(book: Book, register: str, instant: int, kept: Collection[str] = ()) -> dict[str, Body]:
    """The rows in service at an instant. Shape: columns of `kept` are as they held then, the others as known today."""
    found: dict[str, Body] = {}
    for id_ in book.ids(register):
        revisions = book.revisions(register, id_)
        if _serves(revisions, instant):
            found[id_] = _body(book, register, id_, revisions, instant, kept)
    return found


def records(book: Book, register: str) -> dict[str, Body]:
    """The records of a register as last corrected."""
    return {id_: book.versions(register, id_)[-1].body for id_ in book.ids(register)}


def units(book: Book, cut: int) -> list[Unit]:
    """The division register in the last instant before the cut-off (C1)."""
    rows = standing(book, "divisions", cut - 1, ("level", "counts_in_coverage", "parent_code"))
    return [Unit(id_, str(body["level"]), body.get("counts_in_coverage")) for id_, body in rows.items()]


def sites(book: Book, cut: int, is_on: Callable[[Body], bool]) -> list[Site]:
    """The sites in service then that are in a division; one that `is_on` refuses is not accepted on this network."""
    rows = standing(book, "sites", cut - 1)
    return [
        Site(id_, str(body["division_code"]), body.get("accepted_on") if is_on(body) else None)
        for id_, body in rows.items()
        if "division_code" in body
    ]


def private_networks(book: Book, cut: int, seen: Seen) -> list[Item]:
    """市级部门专网整合率: moved, accepted, and the old line given up or kept by a document."""
    rows = standing(book, "private_networks", cut - 1, ("exempt_doc",))
    return [_private_network(id_, body, seen) for id_, body in rows.items()]


def clouds(book: Book, cut: int, seen: Seen) -> list[Item]:
    """云平台整合率: platforms of the class `cloud` that the city's management took in."""
    rows = standing(book, "platforms", cut - 1, ("class", "exempt_doc"))
    mine = {id_: body for id_, body in rows.items() if body.get("class") == CLOUDS}
    return [_integrated(id_, body, seen(id_)) for id_, body in mine.items()]


def two_networks(book: Book, cut: int, seen: Seen) -> list[Item]:
    """两网整合率: sites of the list that were cut over."""
    rows = standing(book, "sites", cut - 1, ("to_integrate",))
    return [_integrated(id_, body, seen(id_)) for id_, body in rows.items() if body.get("to_integrate")]


def components_planned(book: Book, cut: int) -> list[Item]:
    """公共支撑服务（组件）完成率: common services of the plan's list that were built and accepted."""
    rows = _systems(book, cut, COMMON, ("class", "planned_doc"))
    return [
        Item(id_, _dates(body, "accepted_on"), _documents(body, "acceptance_doc"))
        for id_, body in rows.items()
        if body.get("planned_doc")
    ]


def components_used(book: Book, cut: int) -> list[Use]:
    """公共支撑服务（组件）利用率: common services online, and their last recorded use by others."""
    rows = _systems(book, cut, COMMON, ("class", "online_on"))
    return [
        Use(id_, body.get("online_on"), body.get("used_on"), str(body.get("usage_doc", "")))
        for id_, body in rows.items()
    ]


def systems_connected(book: Book, cut: int, seen: Seen) -> list[Item]:
    """信息孤岛联通率: business systems whose exchange with others was accepted."""
    rows = _systems(book, cut, BUSINESS, ("class", "exempt_doc"))
    return [
        Item(
            id_,
            _dates(body, "connected_on"),
            _documents(body, "connection_doc"),
            str(body.get("exempt_doc", "")),
            _answers(body.get("exchange_target"), seen),
        )
        for id_, body in rows.items()
    ]


def demands(book: Book, cut: int) -> list[Demand]:
    """视频网业务支撑率: what departments asked for, and what was assigned."""
    columns = {"channels": "assigned_channels", "concurrency": "assigned_concurrency",
               "bitrate_mbps": "assigned_mbps", "retention_days": "assigned_days"}  # fmt: skip
    rows = standing(book, "video_demands", cut - 1, columns)
    return [
        Demand(
            id_,
            {asked: _quantity(asked, body[asked]) for asked in columns if asked in body},
            {asked: _quantity(asked, body[given]) for asked, given in columns.items() if given in body},
            body.get("accepted_on"),
            str(body.get("acceptance_doc", "")),
        )
        for id_, body in rows.items()
    ]


def issues(book: Book, *, focus_only: bool = False) -> list[Issue]:
    """Data problems, all or those in the focus."""
    rows = records(book, "data_issues")
    return [
        Issue(id_, body["issued_at"], body.get("rectified_at"))
        for id_, body in rows.items()
        if body.get("focus") or not focus_only
    ]


def incidents(book: Book) -> list[Incident]:
    """Security incidents; the clock starts with the earlier of notice and finding."""
    return [
        Incident(
            id_,
            str(body["severity"]),
            min(body[column] for column in ("noticed_at", "found_at") if column in body),
            body.get("verified_at"),
            body.get("reopened_at"),
        )
        for id_, body in records(book, "security_incidents").items()
    ]


def severity_of(text: str) -> str | None:
    """The level that a plan file's word means, as the register has it; None for none."""
    return next((level for level, words in SEVERITIES.items() if text in (level, *words)), None)


def measures(book: Book, indicator: str) -> list[Measure]:
    """Signed figures of one indicator."""
    return [
        Measure(
            id_,
            body["date"],
            _pair(body["numerator"]),
            _pair(body["denominator"]) if "denominator" in body else None,
            str(body["document"]),
            str(body["signer"]),
        )
        for id_, body in records(book, "measures").items()
        if body["indicator"] == indicator
    ]


def bits_per_second(mbps: object) -> int:
    """Of a rate as a row has it. Units: Mbit/s in, bit/s out."""
    return round(Fraction(str(mbps)) * MBPS)


def _serves(revisions: list[Revision], instant: int) -> bool:
    times = service(revisions)
    return not times or any(window.start <= instant < window.end for window in times)


def _body(book: Book, register: str, id_: str, revisions: list[Revision], instant: int, kept: Collection[str]) -> Body:
    today = [revision._replace(recorded_at=0) for revision in revisions]
    now, then = (_at(book, register, id_, each, instant) for each in (today, revisions))
    return {name: value for name, value in now.items() if name not in kept} | {
        name: value for name, value in then.items() if name in kept
    }


def _at(book: Book, register: str, id_: str, revisions: list[Revision], instant: int) -> Body:
    """What holds at an instant; where nothing does, what held first."""
    held = attributes(revisions)
    number = next((number for window, number in held if window.start <= instant < window.end), held[0][1])
    return book.versions(register, id_)[number].body


def _systems(book: Book, cut: int, wanted: str, kept: Collection[str]) -> Mapping[str, Body]:
    rows = standing(book, "systems", cut - 1, kept)
    return {id_: body for id_, body in rows.items() if body.get("class", BUSINESS) == wanted}


def _private_network(id_: str, body: Body, seen: Seen) -> Item:
    dates = _dates(body, "migrated_on", "accepted_on")
    if not body.get("old_line_doc"):
        dates |= _dates(body, "old_line_closed_on")
    exempt = str(body.get("exempt_doc", ""))
    return Item(id_, dates, _documents(body, "acceptance_doc"), exempt, _answers(body.get("evidence"), seen))


def _integrated(id_: str, body: Body, seen: bool | None) -> Item:
    exempt = str(body.get("exempt_doc", ""))
    return Item(id_, _dates(body, "integrated_on"), _documents(body, "integration_doc"), exempt, seen)


def _answers(id_: object, seen: Seen) -> bool | None:
    return None if id_ is None else seen(str(id_))


def _dates(body: Body, *columns: str) -> dict[str, int | None]:
    return {column: body.get(column) for column in columns}


def _documents(body: Body, *columns: str) -> dict[str, str]:
    return {column: str(body.get(column, "")) for column in columns}


def _quantity(column: str, value: object) -> int:
    """Whole numbers: rates in bits per second."""
    return bits_per_second(value) if column.endswith("_mbps") else int(str(value))


def _pair(value: object) -> tuple[int, int]:
    """A number and the power of ten that it is of."""
    whole, _, decimals = str(value).partition(".")
    return int(whole + decimals), 10 ** len(decimals)
