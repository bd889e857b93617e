#!/usr/bin/env python3
"""Checks one evidence pack on a bare machine: python3 verify.py PACK [--lang zh|en] [--expect DIGEST].

Written apart from the program that made the pack, shares no line with it and needs nothing but Python's own library.
It holds the files against their digests, the rows against the chain, and makes the number again from the rows.
Exit status: 0 all that was checked is right, 1 something is not, 2 wrong usage. Units: microseconds UTC.
"""

from __future__ import annotations

import argparse
import base64
import bisect
import csv
import datetime
import hashlib
import io
import itertools
import json
import re
import sys
import zipfile
import zlib
from fractions import Fraction
from typing import Any, Callable, Dict, FrozenSet, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

FORMAT = 1
UP, POOR, DOWN, DARK, OUT = 1, 2, 3, 4, 5
STATES = {"up": UP, "degraded": POOR, "down": DOWN, "unknown": DARK, "out_of_service": OUT}
FAR = 2**62
SECOND = 1_000_000
HOUR = 3600 * SECOND
THREE_HOURS = 3 * HOUR
WEEK = 168 * HOUR
DAY = 24 * HOUR
LOSS, RTT, BLIP, FLAPPING, REDUNDANCY, FAMILY, MEMBER = 1, 2, 64, 128, 256, 1024, 32768
PRIME = 4_294_967_291
MANIFEST, CHECKS = "MANIFEST", "CHECKS"

Body = Dict[str, Any]
Cut = Tuple[int, int]
"""A stretch of time, its end excluded."""
Ratio = Tuple[int, int]
Pair = Optional[Ratio]


class Wrong(Exception):  # noqa: N818  # it is what it says
    """The pack cannot be read on: what is wrong with it, as a code with its values."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code, self.values = code, values


# ---------------------------------------------------------------------------------------------------------- words

WORDS: Dict[str, Tuple[str, str]] = {
    "files": ("文件：{n} 个，均与 MANIFEST 的 SHA-256 一致", "files: {n}, each with the SHA-256 of MANIFEST"),
    "digest": ("证据包摘要：{digest}", "digest of the pack: {digest}"),
    "expected": ("摘要与 --expect 一致：{what}", "the digest is the one of --expect: {what}"),
    "unexpected": (
        "摘要不符：--expect {want}，证据包 {digest}，链头 {heads}",
        "not the digest of --expect {want}: pack {digest}, heads {heads}",
    ),
    "no_zip": ("不是可读的证据包：{why}", "no pack that can be read: {why}"),
    "damaged": ("{file}：文件损坏（{why}）", "{file}: damaged ({why})"),
    "missing": ("缺少文件 {file}", "the file {file} is missing"),
    "stranger": ("MANIFEST 未列出的文件：{file}", "a file that MANIFEST does not name: {file}"),
    "changed": ("{file} 第 {line} 行，字段 {field}：内容被改动", "{file} line {line}, field {field}: changed"),
    "changed_whole": (
        "{file}：SHA-256 与 MANIFEST 不符，行数或多处内容被改动",
        "{file}: not the SHA-256 of MANIFEST; lines or many fields changed",
    ),
    "bad_value": ("{file} 第 {line} 行，字段 {field}：不可读的值", "{file} line {line}, field {field}: unreadable"),
    "chain_ok": (
        "哈希链：{rows} 行由 {hours} 个小时头证明，链头序号至 {last}",
        "chain: {rows} rows proven by {hours} hour heads, up to head {last}",
    ),
    "chain_bad": ("哈希链不符：{what}", "the chain does not hold: {what}"),
    "chain_open": (
        "未检查：{n} 行尚未进入小时头（{why}）",
        "not checked: {n} rows stand in no hour head yet ({why})",
    ),
    "no_chain": ("未检查：本包无哈希链证明（{why}）", "not checked: the pack has no proof of the chain ({why})"),
    "witness": ("见证：{names}", "witnesses: {names}"),
    "no_witness": (
        "无外部见证：不能排除整个账本被重写",
        "no outside witness: that the whole ledger was written anew cannot be ruled out",
    ),
    "made": ("已重新计算：{what}", "recomputed: {what}"),
    "left": ("未重新计算：{what}", "not recomputed: {what}"),
    "equal": ("一致：{name} = {value}", "agrees: {name} = {value}"),
    "differs": (
        "不一致：{name}，包内 {theirs}，重新计算 {ours}",
        "differs: {name}, the pack says {theirs}, recomputed {ours}",
    ),
    "rows_differ": ("{file} 第 {line} 行，字段 {field}：{theirs}，重新计算 {ours}",
                    "{file} line {line}, field {field}: {theirs}, recomputed {ours}"),
    "readings_ok": ("读数：{edges} 个状态变化有 E6 读数支持", "readings: {edges} edges are borne out by their readings"),
    "simulated": ("模拟数据 SIMULATED", "模拟数据 SIMULATED"),
    "pass": ("结论：核对通过", "result: the pack holds"),
    "fail": ("结论：核对不通过（{n} 处）", "result: the pack does not hold ({n} findings)"),
}


class Talk:
    """What was found, in words."""

    def __init__(self, language: str) -> None:
        self._place = 0 if language == "zh" else 1
        self.bad = 0
        self.lines: List[str] = []

    def say(self, code: str, **values: object) -> None:
        """Something that holds, or that was not looked at."""
        self.lines.append("  " + WORDS[code][self._place].format(**values))

    def wrong(self, code: str, **values: object) -> None:
        """Something that does not hold."""
        self.bad += 1
        self.lines.append("! " + WORDS[code][self._place].format(**values))

    def end(self) -> str:
        """All of it, the result last."""
        code = "fail" if self.bad else "pass"
        return "\n".join([*self.lines, WORDS[code][self._place].format(n=self.bad), ""])


# ------------------------------------------------------------------------------------------- the file and its digests


def row_check(fields: Sequence[str]) -> str:
    """Two sums over a row that name the field that was changed: the second weighs each field by its place."""
    plain = weighed = 0
    for place, field in enumerate(fields, start=1):
        crc = zlib.crc32(field.encode())
        plain += crc
        weighed += place * crc
    return "%08x%08x" % (plain % PRIME, weighed % PRIME)


def changed_field(names: Sequence[str], row: Sequence[str]) -> str:
    """The name of the one field that differs from what the check of the row says."""
    stated, found = row[-1], row_check(row[:-1])
    try:
        off = [(int(found[at : at + 8], 16) - int(stated[at : at + 8], 16)) % PRIME for at in (0, 8)]
    except ValueError:
        return "check"
    place = off[1] * pow(off[0], PRIME - 2, PRIME) % PRIME if off[0] else 0
    return names[place - 1] if 1 <= place < len(names) else "check"


class Pack:
    """A pack as it lies on the disk; read as a stream."""

    def __init__(self, path: str) -> None:
        try:
            self.zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, ValueError) as exc:
            raise Wrong("no_zip", why=exc) from None

    def names(self) -> List[str]:
        """Its files."""
        return self.zip.namelist()

    def raw(self, name: str) -> Iterator[bytes]:
        """The lines of a file. Errors: Wrong."""
        try:
            with self.zip.open(name) as opened:
                yield from opened
        except KeyError:
            raise Wrong("missing", file=name) from None
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as exc:
            raise Wrong("damaged", file=name, why=exc) from None

    def text(self, name: str) -> Iterator[str]:
        """The same as text. Errors: Wrong."""
        for number, line in enumerate(self.raw(name), start=1):
            try:
                yield line.decode("utf-8")
            except UnicodeDecodeError as exc:
                raise Wrong("changed", file=name, line=number, field=str(exc.reason)) from None

    def document(self, name: str) -> Any:
        """A JSON file; decimals stay exact."""
        try:
            return json.loads("".join(self.text(name)), parse_float=Fraction)
        except ValueError as exc:
            raise Wrong("damaged", file=name, why=exc) from None

    def rows(self, name: str) -> Iterator[Tuple[int, Dict[str, str]]]:
        """Line number and fields of a table."""
        reader = csv.reader(self.text(name))
        heading = next(reader, [])
        for row in reader:
            yield reader.line_num, dict(zip(heading, row))

    def has(self, name: str) -> bool:
        """Whether it has the file."""
        return name in self.zip.NameToInfo


def check_files(pack: Pack, talk: Talk) -> str:
    """Every file against MANIFEST; what was changed is named. The digest of the pack."""
    manifest = [line.rstrip("\n") for line in pack.text(MANIFEST)]
    listed = {parts[2]: (number, parts) for number, parts in _listed(manifest)}
    whole = hashlib.sha256("".join(line + "\n" for line in manifest[:-1]).encode()).hexdigest()
    found = 0
    for name in sorted(set(pack.names()) - {MANIFEST} - set(listed)):
        talk.wrong("stranger", file=name)
        found += 1
    checks = _line_checks(pack)
    for name, (number, parts) in listed.items():
        if not pack.has(name):
            talk.wrong("missing", file=name)
            found += 1
        else:
            found += _check_file(pack, talk, name, (number, parts[0], parts[1]), checks)
    if not found and manifest[-1:] != ["pack " + whole]:
        talk.wrong("changed", file=MANIFEST, line=len(manifest), field="pack")
        found += 1
    if not found:
        talk.say("files", n=len(listed))
    talk.say("digest", digest=whole)
    return whole


def _listed(manifest: Sequence[str]) -> Iterator[Tuple[int, List[str]]]:
    for number, line in enumerate(manifest[:-1], start=1):
        parts = line.split("  ")
        if len(parts) != 3:
            raise Wrong("changed", file=MANIFEST, line=number, field="line")
        yield number, parts


def _line_checks(pack: Pack) -> Dict[str, List[str]]:
    if not pack.has(CHECKS):
        return {}
    words = (line.split() for line in pack.text(CHECKS))
    return {each[0]: each[1:] for each in words if each}


def _check_file(
    pack: Pack, talk: Talk, name: str, stated: Tuple[int, str, str], checks: Dict[str, List[str]]
) -> int:
    """How many findings: rows and lines are looked at while the digest is made, so that a change has its place."""
    digest, size = hashlib.sha256(), 0
    places: List[Tuple[int, str]] = []

    def fed() -> Iterator[str]:
        nonlocal size
        for number, line in enumerate(pack.raw(name), start=1):
            digest.update(line)
            size += len(line)
            yield line.decode("utf-8", "replace")

    try:
        find = _odd_rows if name.endswith(".csv") else _odd_lines
        for place in find(fed(), checks.get(name, [])):
            if len(places) < 20:
                places.append(place)
    except Wrong as exc:
        talk.wrong(exc.code, **exc.values)
        return 1
    is_same = digest.hexdigest() == stated[1]
    if is_same and str(size) == stated[2]:
        if places and name != CHECKS:  # the file is whole, so what says otherwise is not
            talk.wrong("changed", file=CHECKS, line=list(checks).index(name) + 1 if name in checks else 0, field=name)
            return 1
        return 0
    for line, field in places:
        talk.wrong("changed", file=name, line=line, field=field)
    if not places:
        if is_same:
            talk.wrong("changed", file=MANIFEST, line=stated[0], field="size")
        elif name == CHECKS:
            talk.wrong("changed", file=CHECKS, line=_odd_check(pack, checks), field="check")
        elif str(size) == stated[2] and (name.endswith(".csv") or name in checks):
            talk.wrong("changed", file=MANIFEST, line=stated[0], field="sha256")
        else:
            talk.wrong("changed_whole", file=name)
    return max(len(places), 1)


def _odd_rows(lines: Iterator[str], _: List[str]) -> Iterator[Tuple[int, str]]:
    reader = csv.reader(lines)
    heading = next(reader, [])
    if heading and heading[-1] != "check:" + row_check(heading[:-1]):
        yield 1, "heading"
    for row in reader:
        if len(row) != len(heading):
            yield reader.line_num, "line"
        elif row_check(row[:-1]) != row[-1]:
            yield reader.line_num, changed_field([*heading[:-1], "check"], row)


def _odd_lines(lines: Iterator[str], checks: List[str]) -> Iterator[Tuple[int, str]]:
    number = 0
    for number, line in enumerate(lines, start=1):
        if number <= len(checks) and "%08x" % zlib.crc32(line.encode()) != checks[number - 1]:
            found = re.match(r'\s*"([^"]+)":', line)
            yield number, found.group(1) if found else "line"


def _odd_check(pack: Pack, checks: Dict[str, List[str]]) -> int:
    """The line of CHECKS that does not say what its file has."""
    for line, (name, stated) in enumerate(checks.items(), start=1):
        if not pack.has(name) or ["%08x" % zlib.crc32(each) for each in pack.raw(name)] != stated:
            return line
    return 1


# ------------------------------------------------------------------------------------------------- stretches of time


class Piece(NamedTuple):
    """One state from `a` to `b`; `why` are its limits as bits, `told` says that a file stated it (A8)."""

    a: int
    b: int
    state: int
    why: int = 0
    cause: str = "never"
    told: bool = False


def merged(cuts: Iterable[Cut]) -> List[Cut]:
    """The time that any of them holds, sorted, none touching the next."""
    found: List[Cut] = []
    for a, b in sorted(cuts):
        if a >= b:
            continue
        if found and a <= found[-1][1]:
            found[-1] = (found[-1][0], max(b, found[-1][1]))
        else:
            found.append((a, b))
    return found


def minus(cuts: Iterable[Cut], holes: Iterable[Cut]) -> List[Cut]:
    """What of the stretches no hole takes."""
    left, taken = [], merged(holes)
    for a, b in cuts:
        for low, high in taken[max(bisect.bisect_right(taken, (a, -FAR)) - 1, 0) :]:
            if low >= b:
                break
            if high > a:
                if low > a:
                    left.append((a, low))
                a = max(a, high)
        if a < b:
            left.append((a, b))
    return left


def inside(cuts: Iterable[Cut], a: int, b: int) -> List[Cut]:
    """The stretches as far as they lie in [a, b), merged."""
    return merged((max(low, a), min(high, b)) for low, high in cuts)


def weld(pieces: Iterable[Piece]) -> List[Piece]:
    """Neighbours that say the same as one."""
    out: List[Piece] = []
    for piece in pieces:
        if piece.a >= piece.b:
            continue
        last = out[-1] if out else None
        if last is not None and last.b == piece.a and last[2:] == piece[2:]:
            out[-1] = last._replace(b=piece.b)
        else:
            out.append(piece)
    return out


def part(pieces: Sequence[Piece], a: int, b: int) -> List[Piece]:
    """What of them lies in [a, b)."""
    found = []
    for piece in itertools.islice(pieces, _first(pieces, a), None):
        if piece.a >= b:
            break
        low, high = max(a, piece.a), min(b, piece.b)
        if low < high:
            found.append(piece._replace(a=low, b=high))
    return found


def _first(pieces: Sequence[Piece], a: int) -> int:
    low, high = 0, len(pieces)
    while low < high:
        middle = (low + high) // 2
        if pieces[middle].b <= a:
            low = middle + 1
        else:
            high = middle
    return low


def painted(under: Sequence[Piece], over: Sequence[Piece]) -> List[Piece]:
    """One list laid over the other."""
    if not over:
        return weld(under)
    left = [
        piece._replace(a=a, b=b)
        for piece in under
        for a, b in minus([(piece.a, piece.b)], [(each.a, each.b) for each in part(over, piece.a, piece.b)])
    ]
    return weld(sorted([*left, *over]))


def full(pieces: Sequence[Piece], a: int, b: int) -> List[Piece]:
    """All of [a, b), UNKNOWN where nothing is said (A1)."""
    out, at = [], a
    for piece in part(pieces, a, b):
        if piece.a > at:
            out.append(Piece(at, piece.a, DARK))
        out.append(piece)
        at = piece.b
    if at < b:
        out.append(Piece(at, b, DARK))
    return out


def absent(service: Sequence[Cut], a: int, b: int) -> List[Piece]:
    """OUT outside the dates of service; without any dates it always serves (A2)."""
    return [Piece(low, high, OUT) for low, high in minus([(a, b)], service)] if service else []


def outage_runs(pieces: Iterable[Piece]) -> List[Tuple[List[Piece], Optional[int]]]:
    """DOWN pieces with nothing but UNKNOWN between them, and when they were restored (S8)."""
    found: List[Tuple[List[Piece], Optional[int]]] = []
    now: List[Piece] = []
    for piece in pieces:
        if piece.state == DOWN:
            now.append(piece)
        elif piece.state != DARK and now:
            found.append((now, None if piece.state == OUT else piece.a))
            now = []
    return [*found, (now, None)] if now else found


def sums_of(pieces: Sequence[Piece], service: Sequence[Cut], a: int, b: int) -> List[int]:
    """Time by state of [a, b), which it is exactly (A1)."""
    sums = [0] * 6
    for piece in painted(full(pieces, a, b), absent(service, a, b)):
        sums[piece.state] += piece.b - piece.a
    if sum(sums) != b - a:
        raise AssertionError("the states do not make the whole")
    return sums


# -------------------------------------------------------------------------------------------------- dated rows (A2)


class Dated(NamedTuple):
    """One row of a register as it was recorded."""

    number: int
    a: int
    b: Optional[int]
    recorded: int
    body: Body

    @property
    def end(self) -> int:
        """Its own end."""
        return FAR if self.b is None else self.b


Held = Tuple[int, int, int]
"""From, to, which row."""


def _laid(under: Sequence[Held], over: Sequence[Held]) -> List[Held]:
    taken = [(a, b) for a, b, _ in over]
    left = [(low, high, number) for a, b, number in under for low, high in minus([(a, b)], taken)]
    out: List[Held] = []
    for a, b, number in sorted([*over, *left]):
        if out and out[-1][1] == a and out[-1][2] == number:
            out[-1] = (out[-1][0], b, number)
        else:
            out.append((a, b, number))
    return out


def _as_stated(rows: Sequence[Dated]) -> List[Held]:
    """What rows say when all of them are believed: of one begin the last word; no end means up to the next begin."""
    by_begin = {row.a: row for row in rows}
    true = [by_begin[a] for a in sorted(by_begin) if by_begin[a].end > a]
    held: List[Held] = []
    for place, row in enumerate(true):
        following = true[place + 1].a if place + 1 < len(true) else FAR
        held = _laid(held, [(row.a, following if row.b is None else row.b, row.number)])
    return held


def headline(rows: Sequence[Dated]) -> List[Held]:
    """What holds for the headline: a row from its recording on, and where nothing had held before (A2)."""
    held: List[Held] = []
    for count, row in enumerate(rows, start=1):
        if count < len(rows) and rows[count].recorded == row.recorded:
            continue  # what is recorded at one instant is one change
        before = [(a, min(b, row.recorded), number) for a, b, number in held if a < row.recorded]
        held = _laid(_as_stated(rows[:count]), before)
    if len(rows) == 1:
        held = [(rows[0].a, rows[0].end, rows[0].number)] if rows[0].end > rows[0].a else []
    return held


def serving(rows: Sequence[Dated]) -> List[Cut]:
    """When it is in service; none at all for always."""
    time = merged((a, b) for a, b, _ in headline(rows))
    if not rows or time == [(-FAR, FAR)]:
        return []
    return time or [(-FAR, -FAR)]


def attributes(rows: Sequence[Dated]) -> List[Held]:
    """Whose columns hold when: out of service what held last goes on."""
    held = headline(rows)
    if not held:
        return [(min(row.a for row in rows), FAR, rows[-1].number)] if rows else []
    ends = [a for a, _, _ in held[1:]] + [FAR]
    return _laid([], [(a, end, number) for (a, _, number), end in zip(held, ends)])


MASTER = ("targets", "inline", "links", "sites", "platforms", "components")
"""Registers whose ids share one namespace, in the order in which an id is looked for."""
TARGETS = ("targets", "inline")


class Registers:
    """All versions of the rows that matter."""

    def __init__(self, pack: Pack, method: Body) -> None:
        self.rows: Dict[str, Dict[str, List[Dated]]] = {}
        self.method = method
        self.extra: Dict[Tuple[str, str, int], Body] = {}
        for line, row in pack.rows("registers.csv"):
            try:
                self._take(row)
            except (ValueError, KeyError, TypeError):
                raise Wrong("bad_value", file="registers.csv", line=line, field="body") from None
        self.where: Dict[str, str] = {}
        for register in reversed(MASTER):
            self.where.update((id_, register) for id_ in self.rows.get(register, ()))
        self._kept: Dict[Tuple[str, str], List[Held]] = {}
        self._serving: Dict[str, List[Cut]] = {}
        self._addresses: Optional[Dict[object, List[str]]] = None

    def _take(self, row: Dict[str, str]) -> None:
        of_id = self.rows.setdefault(row["register"], {}).setdefault(row["id"], [])
        begin = -FAR if row["valid_from"] == "" else int(row["valid_from"])
        end = None if row["valid_to"] == "" else int(row["valid_to"])
        body = json.loads(row["body"], parse_float=Fraction)
        self.extra[row["register"], row["id"], len(of_id)] = {"version": int(row["version"])}
        of_id.append(Dated(len(of_id), begin, end, int(row["recorded_at"]), body))

    def ids(self, *registers: str) -> List[str]:
        """Every id that ever stood in them."""
        return [id_ for register in registers for id_ in self.rows.get(register, ())]

    def all(self, id_: str) -> List[Dated]:
        """All rows of an id."""
        return self.rows.get(self.where.get(id_, ""), {}).get(id_, [])

    def held(self, register: str, id_: str) -> List[Held]:
        """Whose columns hold when."""
        if (register, id_) not in self._kept:
            self._kept[register, id_] = attributes(self.rows[register][id_])
        return self._kept[register, id_]

    def serving(self, id_: str) -> List[Cut]:
        """When it is in service for the headline."""
        if id_ not in self._serving:
            self._serving[id_] = serving(self.all(id_))
        return self._serving[id_]

    def dated(self, id_: str) -> List[Tuple[int, int, Body]]:
        """What its columns say when."""
        rows = self.all(id_)
        return [(a, b, rows[number].body) for a, b, number in self.held(self.where[id_], id_)] if rows else []

    def latest(self, id_: str) -> Body:
        """What holds last."""
        rows = self.all(id_)
        return rows[self.held(self.where[id_], id_)[-1][2]].body if rows else {}

    def at(self, id_: str, instant: int) -> Body:
        """What holds at an instant, before the first row that one."""
        told = self.dated(id_)
        return next((body for a, b, body in told if a <= instant < b), told[0][2] if told else {})

    def standing(self, register: str, instant: int) -> Iterator[Tuple[str, Body]]:
        """The rows in service at an instant, as they hold then."""
        for id_, rows in self.rows.get(register, {}).items():
            times = serving(rows)
            if not times or any(a <= instant < b for a, b in times):
                held = self.held(register, id_)
                number = next((n for a, b, n in held if a <= instant < b), held[0][2])
                yield id_, rows[number].body

    def today(self, register: str, id_: str, instant: int) -> Body:
        """What is known today of what held then: claims go by it (T3)."""
        rows = [row._replace(recorded=0) for row in self.rows[register][id_]]
        held = attributes(rows)
        return rows[next((n for a, b, n in held if a <= instant < b), held[0][2])].body

    def last(self, register: str, id_: str) -> Body:
        """What was recorded last."""
        return self.rows[register][id_][-1].body

    def role(self, id_: str) -> str:
        """What a target is."""
        return self.role_of(self.latest(id_))

    def role_of(self, body: Body) -> str:
        """The role that a row says, or that of its kind."""
        return str(body.get("role") or self.method["kind_roles"].get(str(body.get("kind")), "node"))

    def module_of(self, body: Body) -> str:
        """The module that a row says, or that of its kind."""
        kind = str(body.get("kind", ""))
        return str(body.get("module") or self.method["kind_modules"].get(kind, kind))

    def interval(self, id_: str) -> int:
        """Between two regular readings."""
        body = self.latest(id_)
        if body.get("interval_seconds") is not None:
            return round(Fraction(body["interval_seconds"]) * SECOND)
        kind = str(body.get("kind"))
        module = str(body.get("module") or self.method["kind_modules"].get(kind, kind))
        return int(self.method["module_intervals_us"].get(module, 60 * SECOND))

    def begins_at_address(self, id_: str) -> List[int]:
        """When other targets begin their service at its address."""
        if self._addresses is None:
            self._addresses = {}
            for each in self.ids(*TARGETS):
                self._addresses.setdefault(self.latest(each).get("address"), []).append(each)
        others = self._addresses.get(self.latest(id_).get("address"), [])
        return sorted(a for other in others if other != id_ for a, _ in self.serving(other))

    def retired(self, id_: str, end: int) -> bool:
        """Whether a document ended its service there (M5)."""
        papers: Dict[int, object] = {}
        for row in self.all(id_):
            paper = row.body.get("source_doc")
            if row.b is not None and end in (row.b, row.recorded):
                return bool(paper) and paper != papers.get(row.a)
            papers[row.a] = paper
        return False


# --------------------------------------------------------------------------------------------------- what was measured

Mark = Tuple[int, int, int, str]
"""From when on which state, why, by which cause."""


class Ledger:
    """Edges, runs and what files told, object by object."""

    def __init__(self, pack: Pack, method: Body) -> None:
        self.marks: Dict[str, List[Mark]] = {}
        self.told: Dict[str, List[Piece]] = {}
        self.known_until: Dict[str, int] = {}
        self.parts: List[Tuple[str, str]] = []
        self.components: Set[str] = set()
        self.down_edges: Dict[Tuple[str, int], Tuple[int, int]] = {}
        self.edges = 0
        self.runs = [row for _, row in pack.rows("runs.csv")]
        starts = [int(run["started_at"]) for run in self.runs]
        self.first_heartbeat = min(starts) if starts else None
        last = max(self.runs, key=lambda run: int(run["boot_no"]), default=None)
        self._until = 0 if last is None else FAR if last["stopped_at"] else int(last["heartbeat_at"])
        self._gaps = sorted((int(run["boot_no"]), int(run["gap_at"])) for run in self.runs if run["gap_at"])
        self._floor = {(run["vantage"], run["boot_no"]): int(run["floor"]) for run in self.runs}
        self._objects(pack)
        self._timelines(pack)
        self.method = method

    def _objects(self, pack: Pack) -> None:
        for _, row in pack.rows("objects.csv"):
            if row["measured"] == "1":
                name = row["object"]
                self.components.add(name)
                doubt = int(row["doubt_at"]) if row["doubt_at"] else FAR
                self.known_until[name] = min(self._until, doubt)
                target, _, piece = name.partition("#")
                self.parts.append((target, piece))

    def _timelines(self, pack: Pack) -> None:
        rows = pack.rows("timelines.csv")
        for name, of_it in itertools.groupby(rows, key=lambda each: each[1]["object"]):
            edges = []
            told = []
            for line, row in of_it:
                try:
                    state = STATES[row["state"]]
                    if row["source"] == "edge":
                        edges.append((int(row["boot_no"]), int(row["seq"]), row, state))
                    else:
                        told.append(Piece(int(row["at"]), int(row["until"]), state, int(row["degraded"]),
                                          row["cause"], True))
                except (ValueError, KeyError):
                    raise Wrong("bad_value", file="timelines.csv", line=line, field="state") from None
            if edges:
                self.marks[name] = self._folded(name, edges)
            if told:
                self.told[name] = told

    def _folded(self, name: str, edges: List[Tuple[int, int, Dict[str, str], int]]) -> List[Mark]:
        """Each edge read cuts off what was said of later time, but nothing below the floor of its run (E1)."""
        gaps = list(self._gaps)
        stand: List[Mark] = []
        for boot, seq, row, state in sorted(edges, key=lambda edge: edge[:2]):
            while gaps and gaps[0][0] <= boot:
                self._add(stand, gaps.pop(0)[1], (DARK, 0, "agent_down"))
            at, floor = int(row["at"]), self._floor[row["vantage"], row["boot_no"]]
            self.edges += 1
            if state == DOWN:
                self.down_edges[name, at] = (boot, seq)
            self._add(stand, max(at, floor), (state, int(row["degraded"]), row["cause"]))
        for _, at in gaps:
            self._add(stand, at, (DARK, 0, "agent_down"))
        return stand

    @staticmethod
    def _add(stand: List[Mark], at: int, said: Tuple[int, int, str]) -> None:
        if not stand and said[2] == "agent_down":
            return
        while stand and stand[-1][0] >= at:
            stand.pop()
        if not stand or stand[-1][1:] != said:
            stand.append((at, *said))

    def own(self, name: str, until: int) -> List[Piece]:
        """Of a component: its own readings from the first heartbeat on, before it what files told (A8)."""
        if name not in self.components:
            return []
        begin = self.first_heartbeat
        told = self.told.get(name, [])
        if begin is None:
            return part(told, -FAR, until)
        marks = self.marks.get(name, [])
        begin = min(begin, marks[0][0]) if marks else begin
        earlier = part(told, -FAR, min(begin, until))
        return weld([*earlier, *_spread(marks, begin, until, self.known_until[name])]) if begin < until else earlier


def _spread(marks: Sequence[Mark], a: int, b: int, known_until: int) -> List[Piece]:
    """Marks as pieces of [a, b): UNKNOWN before the first, and where the record speaks no more."""
    end = min(b, max(known_until, a))
    out = []
    if not marks or marks[0][0] > a:
        out.append(Piece(a, min(marks[0][0], end) if marks else end, DARK))
    for place, (at, state, why, cause) in enumerate(marks):
        following = marks[place + 1][0] if place + 1 < len(marks) else end
        out.append(Piece(max(at, a), min(following, end), state, why, cause))
    out.append(Piece(end, b, DARK, 0, "no_reading"))
    return weld(out)


# -------------------------------------------------------------------------------------- composites (A5, A6) and windows

Said = Tuple[int, int]
Judge = Callable[[List[List[Piece]]], Said]


def together(groups: Sequence[Sequence[Sequence[Piece]]], a: int, b: int, judge: Judge) -> List[Piece]:
    """One timeline of several: at each instant what the judge says of all of them."""
    if a >= b:
        return []
    lists = [[full(each, a, b) for each in group] for group in groups]
    cuts = sorted({a, b, *(piece.a for group in lists for each in group for piece in each)})
    places = [[0] * len(group) for group in lists]
    out = []
    for low, high in zip(cuts, cuts[1:]):
        now: List[List[Piece]] = []
        for group, place in zip(lists, places):
            for number, each in enumerate(group):
                while each[place[number]].b <= low:
                    place[number] += 1
            now.append([each[place[number]] for number, each in enumerate(group)])
        state, why = judge(now)
        members = [piece for each in now for piece in each]
        told = any(piece.told and piece.state in (UP, POOR, DOWN) for piece in members)
        out.append(Piece(low, high, state, why, _why_so(state, members, told), told))
    return weld(out)


def _why_so(state: int, members: Sequence[Piece], told: bool) -> str:
    if state == OUT:
        return "never"
    if state == DARK:
        return next((piece.cause for piece in members if piece.state == DARK), "no_reading")
    return "imported" if told else "probe"


def need_of(need: int, now: Sequence[Piece]) -> Said:
    """`need` of those in service (0: all), in three-valued logic: what UNKNOWN may still turn is UNKNOWN."""
    there = [piece for piece in now if piece.state != OUT]
    if not there:
        return OUT, 0
    wanted = need or len(there)
    good = sum(piece.state in (UP, POOR) for piece in there)
    if good >= wanted:
        return working(there)
    maybe = good + sum(piece.state == DARK for piece in there)
    return (DARK, 0) if maybe >= wanted or len(there) < wanted else (DOWN, 0)


def working(there: Sequence[Piece]) -> Said:
    """It works; DEGRADED where a member does not, or not well."""
    why = REDUNDANCY if any(piece.state == DOWN for piece in there) else 0
    why |= MEMBER if any(piece.state == POOR for piece in there) else 0
    return (POOR if why else UP), why


def line_of(now: Sequence[Piece]) -> Said:
    """A line by its own evidence: one that fails is enough (A6)."""
    if any(piece.state == DOWN for piece in now):
        return DOWN, 0
    why = 0
    for piece in now:
        why |= piece.why if piece.state == POOR else 0
    if any(piece.state == POOR for piece in now):
        return POOR, why
    return (UP, 0) if any(piece.state == UP for piece in now) else (DARK, 0)


def site_of(lines: Sequence[Piece], nodes: Sequence[Piece]) -> Said:
    """A site by its lines, and by what answers there (A6)."""
    if not lines and not nodes:
        return DARK, 0
    serving_lines = [piece for piece in lines if piece.state != OUT]
    if not serving_lines:
        return need_of(1, nodes)
    answers = any(piece.state in (UP, POOR) for piece in nodes)
    return working(lines) if answers else need_of(1, lines)


class Gate(NamedTuple):
    """So many of these, 0 for all; members are ids or gates."""

    need: int
    members: Tuple[Any, ...]


class Ruling(NamedTuple):
    """What M1 says of one version of a window."""

    id: str
    version: int
    start: int
    end: int
    recorded: int
    counts: bool
    a: int
    b: int
    items: Tuple[Tuple[str, Tuple[Tuple[str, str], ...]], ...]


class Windows:
    """Maintenance windows, judged (M1)."""

    def __init__(self, book: Registers, first_heartbeat: Optional[int], short_counts: bool) -> None:
        self.book, self.beat, self.short_counts = book, first_heartbeat, short_counts
        self.rulings = [self._ruled(rows, place) for rows in self._versions() for place in range(len(rows))]

    def _versions(self) -> Iterator[List[Tuple[str, int, Body, int]]]:
        for id_, rows in self.book.rows.get("maintenance", {}).items():
            versions = [(self.book.extra["maintenance", id_, row.number]["version"], row) for row in rows]
            yield [(id_, version, row.body, row.recorded) for version, row in sorted(versions, key=lambda v: v[0])]

    def _early(self, body: Body) -> bool:
        return self.beat is None or int(body["start"]) < self.beat

    def _approved(self, body: Body) -> bool:
        return bool(body.get("approved_by")) and body.get("approved_at") is not None

    def _refused(self, body: Body, recorded: int) -> bool:
        start, notified = int(body["start"]), body.get("notified_at")
        short = notified is None or start - int(notified) < 72 * HOUR
        return (
            int(body["end"]) <= start
            or not self._approved(body)
            or int(body["approved_at"]) >= start
            or (not self._early(body) and recorded > start)
            or (short and not self.short_counts)
        )

    def _ruled(self, versions: Sequence[Tuple[str, int, Body, int]], place: int) -> Ruling:
        id_, version, body, recorded = versions[place]
        start, end = int(body["start"]), int(body["end"])
        a, b = (start, start) if self._refused(body, recorded) else (start, end)
        if a < b and self.beat is not None and start < self.beat < recorded:
            b = min(end, self.beat)
        for _, _, later, at in versions[place + 1 :] if a < b else ():
            since = start if self._early(body) else at
            before = (a, min(b, since))
            after = (max(a, since, int(later["start"])), min(b, int(later["end"])))
            if not self._refused(later, at) or not self._approved(later):
                after = (after[0], after[0])
            if before[0] >= before[1]:
                a, b = after
            else:
                a, b = before[0], after[1] if before[1] == after[0] < after[1] else before[1]
        counts = a < b
        return Ruling(id_, version, start, end, recorded, counts, *((a, b) if counts else (start, start)),
                      tuple(_scope(str(body["scope"]))))

    def naming(self, id_: str) -> List[Ruling]:
        """Those that name an id, each with the time in which it does."""
        target = id_.partition("#")[0]
        found = []
        for ruling in self.rulings:
            for name, pairs in ruling.items:
                if name and name in (id_, target):
                    found.append(ruling)
                elif not name:
                    found += [ruling._replace(a=max(ruling.a, a), b=max(ruling.a, a, min(ruling.b, b)))
                              for a, b in self._selected(target, pairs)]
        return found

    def _selected(self, target: str, pairs: Sequence[Tuple[str, str]]) -> Iterator[Cut]:
        book = self.book
        if book.where.get(target) not in TARGETS:
            return
        for a, b, body in book.dated(target):
            own = {
                "target": target,
                "site": body.get("site_id"),
                "role": book.role_of(body),
                "module": book.module_of(body),
                "vantage": body.get("vantage") or book.method["vantage"],
            }
            if all(str(own.get(key) or body.get(key)) == value for key, value in pairs):
                yield a, b

    def planned(self, id_: str) -> List[Cut]:
        """The union of the counting windows that name it (M2)."""
        return merged((ruling.a, ruling.b) for ruling in self.naming(id_) if ruling.counts)

    def own_excluded(self, id_: str, outages: Sequence[Cut]) -> List[Cut]:
        """What they exclude of its time: nothing of an outage that was open when they were recorded (M1)."""
        out: List[Cut] = []
        for ruling in self.naming(id_):
            if ruling.counts:
                beat = ruling.b if self.beat is None else self.beat
                open_then = [cut for cut in outages if cut[0] <= ruling.recorded < cut[1]]
                out.append((ruling.a, min(ruling.b, beat)))
                out += minus([(max(ruling.a, beat), ruling.b)], open_then)
        return merged(out)


def _scope(text: str) -> Iterator[Tuple[str, Tuple[Tuple[str, str], ...]]]:
    for item in re.split("[;；]", text):
        item = item.strip().replace("＝", "=").replace("，", ",")
        if "=" in item:
            yield "", tuple((key.strip(), value.strip()) for key, _, value in
                            (pair.partition("=") for pair in item.split(",")))
        elif item:
            yield item, ()


# ------------------------------------------------------------------------------------------------- how things hang together

NODES = ("core", "exit", "county_node", "node")
EVER: Cut = (-FAR, FAR)


class City:
    """Timelines of everything that has an id, and what stands behind what."""

    def __init__(self, book: Registers, ledger: Ledger, method: Body) -> None:
        self.book, self.ledger, self.method = book, ledger, method
        self.until = int(method["as_of"])
        told = method["first_imported"]
        firsts = [at for at in (ledger.first_heartbeat, told, self.until) if at is not None]
        self.whole: Cut = (min(min(firsts), self.until), self.until)
        self.windows = Windows(book, ledger.first_heartbeat, bool(method["short_notice_excludes"]))
        self.targets, self.links = book.ids(*TARGETS), book.ids("links")
        self._is_link = set(self.links)
        self.lines: Dict[str, List[str]] = {id_: [] for id_ in book.ids("sites")}
        self.nodes: Dict[str, List[str]] = {}
        self.stands: Dict[str, List[Tuple[Cut, str]]] = {}
        self._sites()
        self._parts = {id_: self._said(id_, _part_of) for id_ in book.ids("components")}
        self._made: Dict[str, List[Piece]] = {}
        self._served: Dict[str, List[Piece]] = {}

    def _sites(self) -> None:
        for id_ in self.links:
            body = self.book.latest(id_)
            self.lines.setdefault(str(body["b_site"]), []).append(id_)
            self.lines.setdefault(str(body["a_site"]), [])
        for id_ in self.targets:
            site = self.book.latest(id_).get("site_id")
            if site:
                self.lines.setdefault(str(site), [])
                if self.book.role(id_) in NODES:
                    self.nodes.setdefault(str(site), []).append(id_)
        for id_ in self.links:
            for cut, site in self._said(id_, lambda body: str(body["b_site"])):
                self.stands.setdefault(site, []).append((cut, id_))
        for id_ in self.targets:
            for cut, site in self._said(id_, self._node_site):
                self.stands.setdefault(site, []).append((cut, id_))

    def _node_site(self, body: Body) -> str:
        return str(body.get("site_id") or "") if self.book.role_of(body) in NODES else ""

    def _said(self, id_: str, key: Callable[[Body], Any]) -> List[Tuple[Cut, Any]]:
        """What its rows say when; the first holds for all time before (A2)."""
        told: List[Tuple[int, Any]] = []
        for a, _, body in self.book.dated(id_):
            said = key(body)
            if not told or told[-1][1] != said:
                told.append((a, said))
        begins = [-FAR] + [a for a, _ in told[1:]] + [FAR]
        return [((begins[place], begins[place + 1]), said) for place, (_, said) in enumerate(told)]

    def role(self, id_: str) -> str:
        """What it is, for faults (F4)."""
        return "line" if id_ in self._is_link else self.book.role(id_.partition("#")[0])

    def is_platform(self, name: str) -> bool:
        """Whether it is one of the register."""
        return name in self.book.rows.get("platforms", {})

    def is_site(self, name: str) -> bool:
        """Whether it is a site, be it only one that a link names."""
        return name in self.lines and self.book.where.get(name, "sites") == "sites"

    def is_measured(self, name: str) -> bool:
        """A target or a component of one."""
        register = self.book.where.get(name.partition("#")[0])
        return register in TARGETS or (register is None and name in self.ledger.components)

    def is_known(self, name: str) -> bool:
        """Whether anything knows the id."""
        return name in self.ledger.components or name in self.book.where or name in self.lines

    def behind_part(self, name: str) -> str:
        """The id by whose readings a platform's component is judged; of anything else itself."""
        if self.book.where.get(name) != "components":
            return name
        return str(self.book.latest(name).get("member") or name)

    def interfaces(self, link: str) -> List[str]:
        """Interfaces at the ends of a line (A6)."""
        body = self.book.latest(link)
        ends = [(body.get(end + "_device"), body.get(end + "_if")) for end in "ab"]
        return ["%s#if/%s" % end for end in ends if all(end)]

    def site_times(self, name: str, a: int, b: int) -> Iterator[Tuple[Cut, List[str], List[str]]]:
        """What a site lived by when: lines, nodes."""
        stands = self.stands.get(name, [])
        for low, high in _sliced((cut for cut, _ in stands), a, b):
            now = [id_ for cut, id_ in stands if cut[0] <= low < cut[1]]
            yield (low, high), [id_ for id_ in now if id_ in self._is_link], [i for i in now if i not in self._is_link]

    def gates(self, name: str, a: int, b: int) -> Iterator[Tuple[Cut, Gate]]:
        """What a platform needed when."""
        dates = [cut for told in self._parts.values() if any(said[0] == name for _, said in told) for cut, _ in told]
        dates += [cut for cut, _ in self._said(name, _need_of_platform)]
        for low, high in _sliced(dates, a, b):
            yield (low, high), self.gate_at(name, low)

    def gate_at(self, name: str, at: int) -> Gate:
        """Its required components, redundancy groups as gates inside (A5)."""
        alone: List[Any] = []
        groups: Dict[str, List[str]] = {}
        needs: Dict[str, int] = {}
        for id_, told in self._parts.items():
            platform, required, group, need = _saying(told, at)
            if platform == name and required:
                if group:
                    groups.setdefault(group, []).append(id_)
                    needs[group] = need
                else:
                    alone.append(id_)
        inner = [Gate(needs[group], tuple(ids)) for group, ids in groups.items()]
        return Gate(_saying(self._said(name, _need_of_platform), at), (*alone, *inner))

    def members_now(self, name: str) -> Optional[Gate]:
        """The members of a composite as they hold last, None for what is none."""
        if self.is_measured(name):
            return None
        if self.is_platform(name):
            return self.gate_at(name, FAR - 1)
        if self.is_site(name):
            return Gate(1, tuple(self.lines[name] or self.nodes.get(name, ())))
        return None

    def pieces(self, name: str) -> List[Piece]:
        """What it was in, without its dates of service."""
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> List[Piece]:
        a, b = self.whole
        if self.is_measured(name):
            return self.ledger.own(name, self.until)
        if self.is_platform(name):
            return weld(p for cut, gate in self.gates(name, a, b) for p in self._gate_pieces(gate, cut))
        if self.is_site(name) and name not in self.ledger.components:
            return weld(p for cut, lines, nodes in self.site_times(name, a, b)
                        for p in together([[self.served(i) for i in lines], [self.served(i) for i in nodes]], *cut,
                                          lambda now: site_of(now[0], now[1])))
        if name in self._is_link and self.book.where[name] == "links":
            heard = [self.ledger.own(each, self.until) for each in (name, *self.interfaces(name))]
            heard = [each for each in heard if each]
            return heard[0] if len(heard) == 1 else together([heard], a, b, lambda now: line_of(now[0])) if heard else []
        member = self.behind_part(name)
        return self.served(member) if member != name else self.ledger.own(name, self.until)

    def _gate_pieces(self, gate: Gate, cut: Cut) -> List[Piece]:
        members = [self._gate_pieces(each, cut) if isinstance(each, Gate) else self.served(each)
                   for each in gate.members]
        return together([members], cut[0], cut[1], lambda now: need_of(gate.need, now[0]))

    def served(self, name: str) -> List[Piece]:
        """The same, OUT outside its dates of service (A2)."""
        if name not in self._served:
            dates = self.service(name)
            made = self.pieces(name)
            self._served[name] = painted(made, absent(dates, *self.whole)) if dates else made
        return self._served[name]

    def service(self, name: str) -> List[Cut]:
        """When it is in service; what left while DOWN without a document and came back soon was never out (M5)."""
        id_ = name.partition("#")[0]
        dates = self.book.serving(id_)
        if self.book.where.get(id_) not in ("targets", "inline", "links") or all(b == FAR for _, b in dates):
            return dates
        back = sorted({*self.book.begins_at_address(id_), *(a for a, _ in dates)})
        kept = []
        for a, b in dates:
            again = next((at for at in back if at >= b), None)
            stays = again is not None and a < b and again - b <= 30 * DAY and not self._left_well(id_, b)
            kept.append((a, again if stays and again is not None else b))
        return dates if kept == dates else merged(kept)

    def _left_well(self, id_: str, end: int) -> bool:
        if self.book.retired(id_, end):
            return True
        before = [piece for piece in self.pieces(id_) if piece.a < end and piece.state != DARK]
        return not before or before[-1].state != DOWN

    def excluded(self, name: str) -> List[Cut]:
        """Which of its time leaves the second variant (A3, M1-M3)."""
        pieces = self.served(name)
        outages = [(run[0].a, run[-1].b if end is None else end) for run, end in outage_runs(pieces)]
        own = self.windows.own_excluded(name, outages)
        if self.members_now(name) is None:
            member = self.behind_part(name)
            return own if member == name else merged([*own, *self.excluded(member)])
        a, b = (pieces[0].a, pieces[-1].b) if pieces else (0, 0)
        out: List[Cut] = []
        if self.is_platform(name):
            for cut, gate in self.gates(name, a, b):
                out += self._gate_excluded(gate, own, cut)
        else:
            for cut, lines, nodes in self.site_times(name, a, b):
                told = [(self.served(each), self.excluded(each)) for each in lines or nodes]
                out += _excused(part(pieces, *cut), told, own, cut)
        return merged(out)

    def _gate_excluded(self, gate: Gate, own: Sequence[Cut], cut: Cut) -> List[Cut]:
        told = [(self._gate_pieces(each, cut), self._gate_excluded(each, (), cut)) if isinstance(each, Gate)
                else (self.served(each), self.excluded(each)) for each in gate.members]
        return _excused(self._gate_pieces(gate, cut), told, own, cut)


def _excused(
    pieces: Sequence[Piece], members: Sequence[Tuple[List[Piece], List[Cut]]], own: Sequence[Cut], cut: Cut
) -> List[Cut]:
    """Where the window names the composite, or it fails and all that fail with it are inside windows (M3)."""

    def failing(of_it: Sequence[Piece]) -> List[Cut]:
        return inside(((p.a, p.b) for p in full(of_it, *cut) if p.state in (DOWN, DARK)), *cut)

    hurt = [each for of_it, _ in members for each in failing(of_it)]
    bare = [each for of_it, windows in members for each in minus(failing(of_it), windows)]
    caused = minus(failing(pieces), minus([cut], hurt))
    return inside([*own, *minus(caused, bare)], *cut)


def _sliced(cuts: Iterable[Cut], a: int, b: int) -> List[Cut]:
    borders = sorted({a, b, *(at for cut in cuts for at in cut if a < at < b)})
    return list(zip(borders, borders[1:]))


def _saying(told: Sequence[Tuple[Cut, Any]], at: int) -> Any:
    return next(said for cut, said in told if cut[0] <= at < cut[1])


def _part_of(body: Body) -> Tuple[str, bool, str, int]:
    group = str(body.get("redundancy_group") or "")
    return str(body["platform_id"]), body.get("required") is not False, group, _number_of(body.get("group_need"), 1)


def _need_of_platform(body: Body) -> int:
    return _number_of(body.get("need"), 0)


def _number_of(said: object, default: int) -> int:
    if said is None or said == "":
        return default
    return {"all": 0, "any": 1}[str(said)] if said in ("all", "any") else int(str(said))
