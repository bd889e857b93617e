"""What a cell may hold: text in, one exact value out. Errors: ValueError from "wanted" on."""

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from agent.config.addresses import same_host
from agent.config.problems import nearest
from agent.config.schema import Role
from agent.config.values import NAME_WORDS, is_name
from agent.instants import format_instant
from agent.registers.scope_text import canonical_scope
from agent.registers.times import parse_moment
from collectors.wire.ssh import digest_of

Value = Any
"""Text, a whole number, a float for decimals, true or false, or a list of text: what JSON holds."""

TEXT_MAX = 2000
_NUMBER = r"([0-9]{1,12}(?:\.[0-9]{1,6})?)"
_SECONDS = re.compile(rf"{_NUMBER}\s*(s|秒|min|分|分钟)?")
_RATE = re.compile(rf"{_NUMBER}\s*(?:([kKMG]|兆|千兆)\s*(?:b|bps|b/s|bit|bit/s)?)?")
_PER_SECOND = {"": 1, "s": 1, "秒": 1, "min": 60, "分": 60, "分钟": 60}
_MBPS = {"": 1.0, "k": 0.001, "K": 0.001, "M": 1, "兆": 1, "G": 1000, "千兆": 1000}
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?[eE][+-]?[0-9]{1,3}")
_BETWEEN = re.compile(r"[;；、]")


@dataclass(frozen=True, slots=True)
class Type:
    """One type of column: its name in both languages, how text is read, how a value is shown.

    Shape: `stamp` marks an instant that must have come.
    """

    en: str
    zh: str
    read: Callable[[str, ZoneInfo], Value]
    show: Callable[[Value, ZoneInfo], str] = lambda value, _: str(value)
    stamp: bool = False


def _plain(read: Callable[[str], Value]) -> Callable[[str, ZoneInfo], Value]:
    return lambda text, _: read(text)


def _name(text: str) -> str:
    if _SCIENTIFIC.fullmatch(text):
        raise ValueError("which a spreadsheet has made of a long number, wanted all its digits; make the column text")
    if not is_name(text):
        raise ValueError(NAME_WORDS)
    return text


def _id(text: str) -> str:
    """TARGET or TARGET#COMPONENT."""
    target, hash_, part = text.partition("#")
    if hash_ and not is_name(part):
        raise ValueError(f"{NAME_WORDS}; for a component TARGET#COMPONENT")
    _name(target)
    return text


def _text(text: str) -> str:
    joined = " ".join(text.split())
    if len(joined) > TEXT_MAX:
        raise ValueError(f"wanted at most {TEXT_MAX} characters; shorten it")
    if not joined.isprintable():
        raise ValueError("wanted printable characters; remove the others")
    return joined


def _address(text: str) -> str:
    if len(text) > 2048 or any(map(str.isspace, text)):
        raise ValueError("wanted an address of at most 2048 characters without white space")
    return text


def _ip(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        step = "; leave out the length of the prefix" if "/" in text else ""
        raise ValueError(f"wanted an IP address (10.6.0.2, 2001:db8::2){step}") from None


def _identity(text: str) -> str:
    kind, _, rest = (part.strip() for part in text.partition(":"))
    kind = _IDENTITIES.get(kind.casefold(), kind.casefold())
    if kind == "address" and rest:
        return f"address:{same_host(_address(rest))}"
    if kind == "hostkey":
        with suppress(ValueError):  # its words are a fingerprint's alone
            return f"hostkey:{digest_of(rest)}"
    digits = rest.replace(":", "").replace(" ", "").lower()
    lengths = {"certificate": range(64, 65), "engine": range(10, 65)}.get(kind, range(0))
    if len(digits) in lengths and len(digits) % 2 == 0 and not set(digits) - set("0123456789abcdef"):
        return f"{kind}:{digits}"
    raise ValueError(
        "wanted certificate: or hostkey: and the 64 hexadecimal digits of a SHA-256, engine: and 10 to 64 of them, or "
        "address: and a host, as the list of coverage names it"
    )


_IDENTITIES = {"证书": "certificate", "主机密钥": "hostkey", "引擎": "engine", "地址": "address"}


def _parts(text: str) -> list[str]:
    return [part for part in map(str.strip, _BETWEEN.split(text)) if part]


def _list_of(read: Callable[[str], Value], words: str) -> Callable[[str], list[Value]]:
    def read_list(text: str) -> list[Value]:
        try:
            found = [read(part) for part in _parts(text)]
        except ValueError as exc:
            raise ValueError(f"{words}: {exc}") from None
        if not found:
            raise ValueError(words)
        if len(set(found)) < len(found):
            raise ValueError("wanted each of them once; leave one out")
        return found

    return read_list


def _families(text: str) -> list[int]:
    found = [family for part in _parts(text) for family in _FAMILIES.get(part.casefold(), (0,))]
    if not found or 0 in found or len(set(found)) < len(found):
        raise ValueError("wanted 4, 6 or 4;6")
    return sorted(found)


_FAMILIES: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(("4", "v4", "ipv4"), (4,)),
    **dict.fromkeys(("6", "v6", "ipv6"), (6,)),
    "双栈": (4, 6),
}


def _seconds(low: float, high: float, words: str) -> Callable[[str], int | float]:
    def read(text: str) -> int | float:
        match = _SECONDS.fullmatch(unicodedata.normalize("NFKC", text).strip())
        if match is None:
            raise ValueError(f"wanted seconds, {words}; write 60, 60s or 1min")
        seconds = _whole(float(match[1]) * _PER_SECOND[match[2] or ""])
        if not low <= seconds <= high:
            raise ValueError(f"wanted {words}")
        return seconds

    return read


def _rate(text: str) -> int | float:
    match = _RATE.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if match is None:
        step = "; MB/s counts bytes" if "B" in text else ""
        raise ValueError(f"wanted a rate in Mbit/s; write 100, 100M, 100Mbps or 1G{step}")
    rate = _whole(round(float(match[1]) * _MBPS[match[2] or ""], 6))
    if not 0 < rate <= 10_000_000:
        raise ValueError("wanted a rate above 0 and at most 10000000 Mbit/s")
    return rate


def _count(text: str) -> int:
    plain = unicodedata.normalize("NFKC", text).replace(",", "").strip()
    if not re.fullmatch(r"[0-9]{1,12}", plain):
        raise ValueError("wanted a whole number of at most 12 digits")
    return int(plain)


def _large(text: str) -> int:
    """Also a year of a city's targets in microseconds."""
    if not re.fullmatch(r"[0-9]{1,24}", text):
        raise ValueError("wanted a whole number of at most 24 digits")
    return int(text)


def _bound(text: str) -> str:
    if not re.fullmatch(r"[0-9]{1,24} ?/ ?[0-9]{1,24}", text):
        raise ValueError("wanted numerator/denominator, such as 19/20")
    return text.replace(" ", "")


def _figure(text: str) -> int | float:
    """A number that its JSON keeps exactly: 15 digits are what a double holds."""
    plain = unicodedata.normalize("NFKC", text).replace(",", "").strip()
    if plain.endswith("%"):
        raise ValueError("wanted a count, not a percentage; give numerator and denominator")
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", plain) or len(plain.replace(".", "")) > 15:
        raise ValueError("wanted a number of at most 15 digits, 6 of them after the point")
    return _whole(float(plain))


def _gb_id(text: str) -> str:
    if not re.fullmatch(r"[0-9]{20}", _name(text)):
        raise ValueError("wanted the 20 digits of GB/T 28181; make the column text")
    return text


def _whole(number: float) -> int | float:
    return int(number) if number == int(number) else number


def _flag(text: str) -> bool:
    word = text.casefold()
    if word not in _FLAGS:
        raise ValueError("wanted yes or no (y, n, true, false, 1, 0, 是, 否)")
    return _FLAGS[word]


_FLAGS: Mapping[str, bool] = {
    **dict.fromkeys(("yes", "y", "true", "1", "是", "√"), True),
    **dict.fromkeys(("no", "n", "false", "0", "否", "×"), False),
}


def _need(text: str) -> str | int:
    word = {"全部": "all", "任一": "any"}.get(text, text.casefold())
    if word in ("all", "any"):
        return word
    if re.fullmatch(r"[1-9][0-9]{0,3}", text):
        return int(text)
    raise ValueError("wanted all, any or how many are needed (2)")


def _choice(words: Mapping[str, Iterable[str]]) -> Callable[[str], str]:
    known = {alias.casefold(): word for word, aliases in words.items() for alias in (word, *aliases)}

    def read(text: str) -> str:
        word = known.get(text.casefold())
        if word is None:
            step = nearest(text, known)
            raise ValueError(f"wanted one of {', '.join(words)}" + (f"; {step}" if step.startswith("did") else ""))
        return word

    return read


def _joined(value: Value, _: ZoneInfo) -> str:
    return ";".join(map(str, value))


def _choice_type(words: Mapping[str, Iterable[str]]) -> Type:
    """A few words; the pages show them as code."""
    shown = [f"`{word}`" for word in words]
    return Type(", ".join(shown), "、".join(shown), _plain(_choice(words)))


LEVELS: Mapping[str, tuple[str, ...]] = {
    "city": ("市", "市级"),
    "county": ("县", "县级", "区", "区县", "区级"),
    "township": ("镇", "乡", "乡镇", "镇级", "街道"),
    "village": ("村", "村级", "社区"),
    "zone": ("开发区", "园区"),
}
TIERS: Mapping[str, tuple[str, ...]] = {"backbone": ("骨干",), "metro": ("城域",), "access": ("接入",)}
ROLES: Mapping[str, tuple[str, ...]] = {
    **{str(role): () for role in Role},
    "core": ("核心",),
    "exit": ("出口",),
    "county_node": ("县级节点", "区县节点"),
    "node": ("节点",),
    "line": ("线路",),
    "platform": ("平台",),
    "component": ("部件",),
    "service": ("服务",),
    "host": ("主机",),
    "camera": ("摄像机",),
    "certificate": ("证书",),
}
PRIORITIES: Mapping[str, tuple[str, ...]] = {"P1": (), "P2": (), "P3": (), "P4": ()}
PLATFORM_CLASSES: Mapping[str, tuple[str, ...]] = {
    "city_cloud": ("市级云", "市政务云"),
    "cloud": ("云平台", "部门云", "县级云"),
    "other": ("其他",),
}
SYSTEM_CLASSES: Mapping[str, tuple[str, ...]] = {
    "business": ("业务系统", "政务信息系统"),
    "common": ("公共支撑服务", "公共支撑组件", "公共组件"),
}
SEVERITIES: Mapping[str, tuple[str, ...]] = {
    "I": ("Ⅰ", "Ⅰ级", "特别重大"),
    "II": ("Ⅱ", "Ⅱ级", "重大"),
    "III": ("Ⅲ", "Ⅲ级", "较大"),
    "IV": ("Ⅳ", "Ⅳ级", "一般"),
}
POINT_CLASSES: Mapping[str, tuple[str, ...]] = {"1": ("一类",), "2": ("二类",), "3": ("三类",)}

NAME = Type("name", "名称", _plain(_name))
ID = Type("id or `TARGET#COMPONENT`", "编号或 `TARGET#COMPONENT`", _plain(_id))
IDS = Type("ids, `;` between", "编号，以 `;` 分隔", _plain(_list_of(_id, "wanted ids with ; between them")), _joined)
NAMES = Type(
    "names, `;` between", "名称，以 `;` 分隔", _plain(_list_of(_name, "wanted names with ; between them")), _joined
)
TEXT = Type("text", "文本", _plain(_text))
ADDRESS = Type("address", "地址", _plain(_address))
IP = Type("IP address", "IP 地址", _plain(_ip))
FAMILIES = Type("`4`, `6` or `4;6`", "`4`、`6` 或 `4;6`", _plain(_families), _joined)
INTERVAL = Type("seconds, 1 to 86400", "秒，1 至 86400", _plain(_seconds(1, 86_400, "1 to 86400 (1 s to 1 day)")))
TIMEOUT = Type("seconds, 0.001 to 3600", "秒，0.001 至 3600", _plain(_seconds(0.001, 3600, "0.001 to 3600")))
RATE = Type("rate in Mbit/s", "速率，单位 Mbit/s", _plain(_rate))
FLAG = Type("yes or no", "是或否", _plain(_flag), lambda value, _: "yes" if value else "no")
NEED = Type("`all`, `any` or a number", "`all`、`any` 或数量", _plain(_need))
MOMENT = Type("date or time", "日期或时间", parse_moment, format_instant)
STAMP = Type("date or time that has come", "已到的日期或时间", parse_moment, format_instant, stamp=True)
SCOPE = Type("scope", "范围", _plain(canonical_scope))
COUNT = Type("whole number", "整数", _plain(_count))
FIGURE = Type("number, no percentage", "数值，不是百分数", _plain(_figure))
LARGE = Type("whole number", "整数", _plain(_large))
BOUND = Type("`n/d`", "`n/d`", _plain(_bound))
GB_ID = Type("20 digits", "20 位数字", _plain(_gb_id))
IDENTITY = Type(
    "`certificate:`, `hostkey:`, `engine:` or `address:`",
    "`certificate:`、`hostkey:`、`engine:` 或 `address:`",
    _plain(_identity),
)
LEVEL, TIER, ROLE, PRIORITY = map(_choice_type, (LEVELS, TIERS, ROLES, PRIORITIES))
PLATFORM_CLASS, SYSTEM_CLASS = map(_choice_type, (PLATFORM_CLASSES, SYSTEM_CLASSES))
SEVERITY, POINT_CLASS = map(_choice_type, (SEVERITIES, POINT_CLASSES))
