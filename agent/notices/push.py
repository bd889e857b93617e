"""Open faults as alerts of an Alertmanager (API v2), for sites without Prometheus: named as the rules name them.

Alertmanager forgets an alert that is not sent again, so each ends four times `resend` after it was last sent.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from agent.config.notice_schema import Push
from agent.notices.desk import LIMIT_US, Policy, Seen
from agent.notices.notice import Notice
from agent.notices.ways import Client, authorization
from agent.whereabouts import Whereabouts

ENDS_AFTER = 4
"""Times of `resend` that an alert outlives the last word of it."""

AT_ONCE = 500
MOST = 5000

_NAMES = {
    "core": "SlaCoreDown",
    "exit": "SlaCoreDown",
    "county_node": "SlaCountyNodeDown",
    "node": "SlaNodeDown",
    "line": "SlaLineDown",
    "platform": "SlaServiceDown",
    "component": "SlaServiceDown",
    "service": "SlaServiceDown",
    "host": "SlaHostDown",
    "camera": "SlaCameraDown",
    "certificate": "SlaCertificateFault",
}
_CRITICAL = {"SlaCoreDown", "SlaCountyNodeDown", "SlaServiceDown"}
_LAST_HALF_HOUR = 9_000_000_000

Alert = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is pushed of. Units: microseconds."""

    at: int
    faults: Sequence[Seen]
    policy: Policy
    where: Whereabouts
    vantage: str
    simulated: bool


@dataclass(slots=True)
class Pusher:
    """One Alertmanager. `posted` are the alerts that it was told of and not told to be over."""

    sink: Push
    posted: dict[str, Alert] = field(default_factory=dict)
    client: Client | None = None

    async def push(self, view: View) -> int:
        """All that is open, and what is over since. Shape: how many were sent. Errors: UnsentError; then again."""
        until = view.at + round(self.sink.resend * ENDS_AFTER * 1e6)
        open_now = {json.dumps(alert["labels"], sort_keys=True): alert for alert in alerts(view)}
        over = {key: alert for key, alert in self.posted.items() if key not in open_now}
        self.posted |= open_now
        sent = [{**alert, "endsAt": stamp(until)} for alert in open_now.values()]
        sent += [{**alert, "endsAt": stamp(view.at)} for alert in over.values()]
        await self.post(sent)
        for key in over:
            self.posted.pop(key, None)
        return len(sent)

    async def post(self, sent: Sequence[Alert]) -> None:
        """These, in parts that it takes. Errors: UnsentError."""
        client = self.client = self.client or Client(self.sink)
        url = self.sink.url.rstrip("/") + "/api/v2/alerts"
        for first in range(0, len(sent), AT_ONCE):
            body = json.dumps(sent[first : first + AT_ONCE], ensure_ascii=False).encode()
            await client.post(url, body, authorization(self.sink.authorization))

    async def close(self) -> None:
        """No more."""
        if self.client is not None:
            await self.client.close()


def alerts(view: View) -> Iterator[Alert]:
    """One for each open fault, and one for the step that its clock has reached."""
    told = [seen for seen in view.faults if seen.is_open and seen.role in view.policy.roles]
    for seen in told[:MOST]:
        age = view.at - seen.start
        if age < view.policy.wait:
            continue
        yield _alert(view, seen, _NAMES[seen.role], _severity(_NAMES[seen.role]))
        passed = [step for step in view.policy.clock if (age > step if step == LIMIT_US else age >= step)]
        if passed:
            name = "SlaFaultLate" if age > LIMIT_US else f"SlaFaultClock{_minutes(passed[-1])}"
            yield _alert(view, seen, name, "critical" if age >= _LAST_HALF_HOUR else "warning")


def _alert(view: View, seen: Seen, name: str, severity: str) -> Alert:
    place = view.where.of(seen.root)
    labels = {
        "alertname": name,
        "severity": severity,
        "fault": seen.id,
        "root": seen.root,
        "role": seen.role,
        "site": place.site,
        "county": place.county,
        "carrier": place.carrier,
        "name": place.name,
        "vantage": view.vantage,
        "job": "sla-agent",
        "simulated": "true" if view.simulated else "",
    }
    mark = "【模拟数据 SIMULATED】" if view.simulated else ""
    what = place.name or seen.root
    return {
        "labels": {key: value for key, value in labels.items() if value},
        "annotations": {
            "summary": f"{mark}故障：{what}",
            "summary_en": f"{mark}Fault: {what}",
            "runbook_url": f"docs/alerts.zh.md#{name.lower()}",
        },
        "startsAt": stamp(seen.start),
    }


def stamp(us: int) -> str:
    """RFC 3339."""
    return datetime.fromtimestamp(us / 1e6, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _severity(name: str) -> str:
    return "critical" if name in _CRITICAL else "info" if name == "SlaCameraDown" else "warning"


def _minutes(step: int) -> str:
    seconds = step / 1_000_000
    return f"{seconds / 60:g}" if seconds >= 60 else f"{seconds:g}s"


def probe_alert(notice: Notice) -> Alert:
    """What `notices test` sends: an alert that ends by itself after a minute."""
    labels = {"alertname": "SlaNoticeTest", "severity": "info", "vantage": notice.vantage, "job": "sla-agent"}
    return {
        "labels": {**labels, **({"simulated": "true"} if notice.simulated else {})},
        "annotations": {"summary": "测试消息", "summary_en": "a test message"},
        "startsAt": stamp(notice.at),
        "endsAt": stamp(notice.at + 60_000_000),
    }
