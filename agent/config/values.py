"""The option types of agent.yml: text in, one exact meaning out. Errors: PydanticCustomError naming the rule."""

import ipaddress
import math
import re
from collections.abc import Callable
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field

from agent.config.problems import Rule, hide_user_info, nearest
from agent.config.wording import refuse
from collectors.options import Duration

# no '#' ';' ',' '=' and no white space: ids stand in scopes, lists and component names
_NAME = re.compile(r"[A-Za-z0-9\u3400-\u4dbf\u4e00-\u9fff][A-Za-z0-9\u3400-\u4dbf\u4e00-\u9fff._:@/-]{0,127}")
NAME_WORDS = (
    "wanted at most 128 letters, digits, Chinese characters and . _ : @ / -, beginning with a letter, digit or "
    "Chinese character"
)
_LISTEN = re.compile(r"(\[[0-9A-Fa-f:.%a-z]+\]|[^:\[\]]*):([0-9]{1,5})")
_DAY = 86_400


def is_name(text: str) -> bool:
    """Whether text may be an id or a name."""
    return _NAME.fullmatch(text) is not None


def _name(text: str) -> str:
    if not is_name(text):
        raise refuse(Rule.NAME, NAME_WORDS)
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        step = nearest(text, available_timezones())
        step = "for example Asia/Shanghai" if step.startswith("known") else step
        raise refuse(Rule.ZONE, f"wanted an IANA time zone; {step}") from None
    return text


def _between(low: float, high: float, words: str) -> Callable[[float], float]:
    def check(seconds: float) -> float:
        if not (low <= seconds <= high and math.isfinite(seconds)):
            raise refuse(Rule.DURATION, f"wanted {words}")
        return seconds

    return check


def _store_url(text: str) -> str:
    path = text.removeprefix("sqlite:///")
    if path == text or not path:
        step = "PostgreSQL comes with the fleet" if text.startswith("postgres") else "three slashes, then the path"
        raise refuse(
            Rule.STORE_URL,
            f"got {hide_user_info(text)[:80]}, wanted sqlite:////absolute/path, sqlite:///relative/path or "
            f"sqlite:///:memory:; {step}",
        )
    if "?" in path or "\0" in path:
        raise refuse(Rule.STORE_URL, "wanted a path without ?; the store takes no options in its URL")
    return text


def _listen_address(text: str) -> str:
    match = _LISTEN.fullmatch(text)
    if match is None or int(match[2]) > 65_535:
        raise refuse(Rule.LISTEN_ADDRESS, "wanted HOST:PORT, for example 127.0.0.1:9610")
    if not _is_loopback(match[1].strip("[]")):
        raise refuse(
            Rule.LISTEN_ADDRESS,
            "wanted a loopback address: roles and TLS are not there yet, so a wider one would let anyone write to the "
            "ledger; use 127.0.0.1:9610 and reach it through SSH or a proxy with authentication",
        )
    return text


def _trap_address(text: str) -> str:
    match = _LISTEN.fullmatch(text)
    if match is None or not 1 <= int(match[2]) <= 65_535 or not _is_numeric(match[1].strip("[]"), match[1][:1] == "["):
        raise refuse(
            Rule.LISTEN_ADDRESS, "wanted a numeric ADDRESS:PORT of this host, for example 0.0.0.0:162 or [::]:162"
        )
    return text


def _is_numeric(host: str, is_bracketed: bool) -> bool:
    try:
        return (ipaddress.ip_address(host).version == 6) == is_bracketed
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_NIGHT = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]-(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_MAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")


def _http_url(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+[^\s]*", text):
        raise refuse(Rule.NOTICES, "wanted a URL that begins with http:// or https://")
    return text


def _mail_address(text: str) -> str:
    if not _MAIL.fullmatch(text):
        raise refuse(Rule.NOTICES, "wanted a mail address without a name, for example duty@example.gov.cn")
    return text


def _night(text: str) -> str:
    if text and not _NIGHT.fullmatch(text):
        raise refuse(Rule.NOTICES, "wanted two times of the day, for example 22:00-07:00")
    return text


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as exc:
        has_host_bits = "host bits" in str(exc)
        step = f"did you mean {_net_of(text)}?" if has_host_bits else "for example 10.0.0.0/8 or 2001:db8::/32"
        raise refuse(Rule.NETWORK, f"wanted an IP network or address; {step}") from None


def _net_of(text: str) -> str:
    return str(ipaddress.ip_network(text, strict=False))


def _split(text: object) -> object:
    if isinstance(text, tuple):  # a default of ours
        return text
    if not isinstance(text, str):
        raise refuse(Rule.LIST, "wanted text with ; between the entries, for example a;b")
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _parents(parents: tuple[str, ...]) -> tuple[str, ...]:
    for parent in parents:
        if not is_name(parent.partition("#")[0]):
            raise refuse(Rule.LIST, "wanted ids with ; between them, for example sw1;sw2")
    if len(set(parents)) < len(parents):
        raise refuse(Rule.LIST, "wanted each parent once")
    return parents


def _families(families: tuple[str, ...]) -> tuple[str, ...]:
    if not set(families) <= {"4", "6"} or len(set(families)) < len(families):
        raise refuse(Rule.LIST, "wanted 4, 6 or 4;6")
    return families


def _labels(labels: tuple[str, ...]) -> tuple[str, ...]:
    twice = [label for label in labels if labels.count(label) > 1]
    if twice:
        raise refuse(Rule.LABELS, f"got {twice[0]} twice, wanted each label once")
    return labels


Address = Annotated[str, Field(min_length=1, max_length=2048)]
Name = Annotated[str, AfterValidator(_name)]
Zone = Annotated[str, AfterValidator(_zone)]
StoreUrl = Annotated[str, AfterValidator(_store_url)]
ListenAddress = Annotated[str, AfterValidator(_listen_address)]
TrapAddress = Annotated[str, AfterValidator(_trap_address)]
Network = Annotated[str, AfterValidator(_network)]
Interval = Annotated[Duration, AfterValidator(_between(1, _DAY, "1s to 1d"))]
Window = Annotated[Duration, AfterValidator(_between(1, 30 * _DAY, "1s to 30d"))]
PathSeconds = Annotated[Duration, AfterValidator(_between(1, 60, "1s to 60s"))]
NoticeSeconds = Annotated[Duration, AfterValidator(_between(0, 7 * _DAY, "0s to 7d"))]
HttpUrl = Annotated[str, Field(min_length=1, max_length=2048), AfterValidator(_http_url)]
MailAddress = Annotated[str, Field(min_length=3, max_length=254), AfterValidator(_mail_address)]
NightHours = Annotated[str, AfterValidator(_night)]
IntervalSeconds = Annotated[float, AfterValidator(_between(1, _DAY, "1 to 86400 (1 s to 1 day)"))]
TimeoutSeconds = Annotated[float, AfterValidator(_between(0.001, 3600, "0.001 to 3600"))]
Parents = Annotated[tuple[str, ...], BeforeValidator(_split), AfterValidator(_parents)]
Families = Annotated[tuple[str, ...], BeforeValidator(_split), AfterValidator(_families)]
Unique = AfterValidator(_labels)
