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
import ipaddress
import itertools
import json
import re
import sys
import zipfile
import zlib
from fractions import Fraction
from typing import Any, Callable, Dict, FrozenSet, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

FORMAT = 2
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


class Wrong(Exception):
    """The pack cannot be read on: what is wrong with it, as a code with its values."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code, self.values = code, values


# -------------------- words

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
    "remade": (
        "{file} 第 {line} 行，字段 {field}：与 {by} 的逐行校验不符，却与 MANIFEST 相符：改动之后 MANIFEST 被一并改写",
        "{file} line {line}, field {field}: denied by its check in {by}, while MANIFEST agrees: MANIFEST was made anew",
    ),
    "ask": (
        "如何处理：这份证据包不是出具时的样子，不要使用；请向出具者重新索取，或索取摘要后用 --expect 核对",
        "what to do: it is not as it was made, do not use it; ask its maker for it again, or for its digest (--expect)",
    ),
    "bad_value": ("{file} 第 {line} 行，字段 {field}：不可读的值", "{file} line {line}, field {field}: unreadable"),
    "chain_ok": (
        "哈希链：{rows} 行由 {hours} 个小时头证明，链头序号至 {last}，封存 {seals} 个",
        "chain: {rows} rows proven by {hours} hour heads; heads up to {last} and {seals} seals hold",
    ),
    "chain_bad": ("哈希链不符：{what}", "the chain does not hold: {what}"),
    "chain_open": (
        "未检查：{n} 行没有小时头的证明：尚未进入小时头，或此后仍会变化（{why}）",
        "not checked: {n} rows without a proof: in no hour head yet, or of a sort that still grows ({why})",
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
    "rows_differ": (
        "{file} 第 {line} 行，字段 {field}：{theirs}，重新计算 {ours}",
        "{file} line {line}, field {field}: {theirs}, recomputed {ours}",
    ),
    "readings_ok": (
        "读数：{edges} 个状态变化有 E6 读数支持",
        "readings: {edges} edges are borne out by their readings",
    ),
    "simulated": ("模拟数据 SIMULATED", "模拟数据 SIMULATED"),
    "pass": ("结论：核对通过", "result: the pack holds"),
    "alone": (
        "结论：包内自洽；各行是否出自账本，无链上证明",
        "result: the pack agrees with itself; that its rows are those of a ledger is not proven by a chain",
    ),
    "fail": ("结论：核对不通过（{n} 处）", "result: the pack does not hold ({n} findings)"),
}


class Talk:
    """What was found, in words."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._place = 0 if language == "zh" else 1
        self.bad = 0
        self.alone = False
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
        code = "fail" if self.bad else "alone" if self.alone else "pass"
        return "\n".join([*self.lines, WORDS[code][self._place].format(n=self.bad), ""])


# -------------------- the file and its digests


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
    if found:
        talk.say("ask")
    else:
        talk.say("files", n=len(listed))
    talk.say("digest", digest=whole)
    return whole


def _listed(manifest: Sequence[str]) -> Iterator[Tuple[int, List[str]]]:
    for number, line in enumerate(manifest[:-1], start=1):
        if not re.fullmatch("[0-9a-f]{64}  [0-9]+  [^ \r]+", line):
            raise Wrong("changed", file=MANIFEST, line=number, field="line")
        yield number, line.split("  ")
    if len(manifest) < 2 or not re.fullmatch("pack [0-9a-f]{64}", manifest[-1]):
        raise Wrong("changed", file=MANIFEST, line=max(len(manifest), 1), field="pack")


def _line_checks(pack: Pack) -> Dict[str, List[str]]:
    if not pack.has(CHECKS):
        return {}
    words = (line.split() for line in pack.text(CHECKS))
    return {each[0]: each[1:] for each in words if each}


def _check_file(pack: Pack, talk: Talk, name: str, stated: Tuple[int, str, str], checks: Dict[str, List[str]]) -> int:
    """How many findings: rows and lines are looked at while the digest is made, so that a change has its place."""
    digest, size = hashlib.sha256(), 0
    places: List[Tuple[int, str]] = []

    def fed() -> Iterator[str]:
        nonlocal size
        for line in pack.raw(name):
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
            for line, field in places:
                talk.wrong("remade", file=name, line=line, field=field, by=name if name.endswith(".csv") else CHECKS)
            return len(places)
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


# -------------------- stretches of time


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


# -------------------- dated rows (A2)


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


# -------------------- what was measured

Mark = Tuple[int, int, int, str]
"""From when on which state, why, by which cause."""


class Ledger:
    """Edges, runs and what files told, object by object."""

    def __init__(self, pack: Pack, method: Body) -> None:
        self.marks: Dict[str, List[Mark]] = {}
        self.told: Dict[str, List[Piece]] = {}
        self.stated: Dict[str, List[Piece]] = {}
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
            told: Dict[str, List[Piece]] = {"file": [], "readings": []}
            for line, row in of_it:
                try:
                    state = STATES[row["state"]]
                    if row["source"] == "edge":
                        edges.append((int(row["boot_no"]), int(row["seq"]), row, state))
                    else:
                        told[row["source"]].append(
                            Piece(int(row["at"]), int(row["until"]), state, int(row["degraded"]), row["cause"], True)
                        )
                except (ValueError, KeyError):
                    raise Wrong("bad_value", file="timelines.csv", line=line, field="state") from None
            if edges:
                self.marks[name] = self._folded(name, edges)
            if told["file"] or told["readings"]:
                self.stated[name] = told["file"]
                self.told[name] = painted(told["file"], told["readings"])

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


# -------------------- composites (A5, A6) and windows

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

    def __init__(self, book: Registers, first_heartbeat: Optional[int], short_counts: List[Tuple[int, bool]]) -> None:
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
            or (short and not [counts for since, counts in self.short_counts if since <= start][-1])
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
        return Ruling(
            id_,
            version,
            start,
            end,
            recorded,
            counts,
            *((a, b) if counts else (start, start)),
            tuple(_scope(str(body["scope"]))),
        )

    def naming(self, id_: str) -> List[Ruling]:
        """Those that name an id, each with the time in which it does."""
        target = id_.partition("#")[0]
        found = []
        for ruling in self.rulings:
            for name, pairs in ruling.items:
                if name and name in (id_, target):
                    found.append(ruling)
                elif not name:
                    found += [
                        ruling._replace(a=max(ruling.a, a), b=max(ruling.a, a, min(ruling.b, b)))
                        for a, b in self._selected(target, pairs)
                    ]
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
            yield (
                "",
                tuple(
                    (key.strip(), value.strip()) for key, _, value in (pair.partition("=") for pair in item.split(","))
                ),
            )
        elif item:
            yield item, ()


def dated(method: Body) -> List[Body]:
    """Options of the plan with the instants from which they hold (V7)."""
    history: List[Body] = method.get("history") or [{**method, "since": -FAR}]
    return history


# -------------------- how things hang together

NODES = ("core", "exit", "county_node", "node")
EVER: Cut = (-FAR, FAR)


class City:
    """Timelines of everything that has an id, and what stands behind what."""

    def __init__(self, book: Registers, ledger: Ledger, method: Body) -> None:
        self.book, self.ledger, self.method = book, ledger, method
        self.until = int(method["as_of"])
        told = method["first_imported"]
        firsts = [at for at in (ledger.first_heartbeat, told, self.until) if at is not None]
        self.whole: Cut = (min(*firsts, self.until), self.until)
        self.windows = Windows(
            book,
            ledger.first_heartbeat,
            [(int(each["since"]), bool(each["short_notice_excludes"])) for each in dated(method)],
        )
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
        known = self._made.get(name)
        if known is None:
            known = self._made[name] = self._make(name)
        return known

    def _make(self, name: str) -> List[Piece]:
        a, b = self.whole
        if self.is_measured(name):
            return self.ledger.own(name, self.until)
        if self.is_platform(name):
            return weld(p for cut, gate in self.gates(name, a, b) for p in self._gate_pieces(gate, cut))
        if self.is_site(name) and name not in self.ledger.components:
            return weld(
                p
                for cut, lines, nodes in self.site_times(name, a, b)
                for p in together(
                    [[self.served(i) for i in lines], [self.served(i) for i in nodes]],
                    *cut,
                    lambda now: site_of(now[0], now[1]),
                )
            )
        if name in self._is_link and self.book.where[name] == "links":
            heard = [self.ledger.own(each, self.until) for each in (name, *self.interfaces(name))]
            heard = [each for each in heard if each]
            return (
                heard[0] if len(heard) == 1 else together([heard], a, b, lambda now: line_of(now[0])) if heard else []
            )
        member = self.behind_part(name)
        return self.served(member) if member != name else self.ledger.own(name, self.until)

    def _gate_pieces(self, gate: Gate, cut: Cut) -> List[Piece]:
        members = [
            self._gate_pieces(each, cut) if isinstance(each, Gate) else self.served(each) for each in gate.members
        ]
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
        told = [
            (self._gate_pieces(each, cut), self._gate_excluded(each, (), cut))
            if isinstance(each, Gate)
            else (self.served(each), self.excluded(each))
            for each in gate.members
        ]
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


# -------------------- outages and faults (F1-F12)


class Outage(NamedTuple):
    """One outage, or what a window or an ancestor's end left of it; `end` says how it ended."""

    start: int
    earliest: Optional[int]
    down_end: int
    restored: Optional[int]
    end: str
    told: bool = False
    exact: bool = False
    withdrawn: Optional[int] = None

    def since(self, at: int) -> "Outage":
        """The rest of it."""
        return self._replace(start=at, earliest=at, down_end=max(at, self.down_end), exact=True)


class Episode(NamedTuple):
    """Outages of one item and the fault or planned outage that they belong to: its item, start, end and kind."""

    item: str
    start: int
    end: int
    root: Tuple[str, int, int, str]
    parts: Tuple[Outage, ...]
    window: Optional[Cut] = None

    @property
    def is_root(self) -> bool:
        """Whether it is its own."""
        return self.root[:2] == (self.item, self.start)


class Fault(NamedTuple):
    """One fault; `members` are those that failed behind it."""

    id: str
    root: str
    role: str
    start: int
    onset: Tuple[Optional[int], int]
    restored: Optional[Tuple[int, int]]
    ended: int
    outcome: str
    members: Tuple[str, ...] = ()
    overrun: bool = False
    residual: bool = False
    withdrawn: bool = False
    source: str = "probe"
    reported: Tuple[int, ...] = ()


class Desk(NamedTuple):
    """A row of the desk."""

    id: str
    root: str
    reported: int
    onset: Optional[int]
    restored: Optional[int]


State = Tuple[int, int, str, int]
"""From when which state, by which cause, with which limits broken; it holds until the next."""


def history_of(pieces: Sequence[Piece], until: int) -> List[State]:
    """States that hold until the next; what the last heartbeat has not reached yet goes on."""
    told = list(pieces)
    if len(told) > 1 and told[-1].cause == "no_reading" and told[-1].b - told[-1].a <= 15 * SECOND:
        told[-2:] = [told[-2]._replace(b=told[-1].b)]
    found: List[State] = []
    end = until
    for number, piece in enumerate(told):
        if number and piece.a > end:
            found.append((end, DARK, "no_reading", 0))
        found.append((piece.a, piece.state, piece.cause, piece.why))
        end = piece.b
    return [*found, (end, DARK, "no_reading", 0)] if end < until else found


def _until_next(history: Sequence[State], as_of: int) -> Iterator[Tuple[State, int]]:
    for place, state in enumerate(history):
        if state[0] >= as_of:
            return
        following = history[place + 1][0] if place + 1 < len(history) else FAR
        yield state, FAR if following >= as_of else following


def outages_in(history: Sequence[State], as_of: int) -> List[Outage]:
    """DOWN, with nothing but UNKNOWN between, is one outage (S8, F10, M5)."""
    done: List[Outage] = []
    now: Optional[Outage] = None
    dark_since: Optional[int] = None
    is_dark = True
    for (at, state, cause, _), end in _until_next(history, as_of):
        if state == DOWN:
            how = "open" if end == FAR else "unseen"
            if now is None:
                now = Outage(at, dark_since if is_dark else at, end, None, how, cause == "imported")
            else:
                now = now._replace(down_end=end, end=how, withdrawn=None)
        elif state == DARK:
            if cause == "withdrawn" and now is not None and now.withdrawn is None:
                now = now._replace(end="withdrawn", withdrawn=at)
            dark_since = dark_since if is_dark else at
        elif now is not None:
            done.append(_ended(now, state, at))
            now = None
        is_dark = state == DARK
    return done if now is None else [*done, now]


def _ended(outage: Outage, state: int, at: int) -> Outage:
    if state == OUT:
        return outage._replace(end="withdrawn", withdrawn=outage.withdrawn if outage.end == "withdrawn" else at)
    return outage if outage.end == "withdrawn" else outage._replace(restored=at, end="restored")


Spell = Tuple[Tuple[Outage, ...], Optional[Cut]]


def spells_of(outages: Sequence[Outage], planned: Sequence[Cut], as_of: int) -> List[Spell]:
    """Windows first (M4), then what begins again within ten minutes is the same (F5)."""
    made: List[Spell] = []
    last = -1
    for outage in outages:
        window = next((cut for cut in planned if cut[0] <= outage.start < cut[1]), None)
        if window is not None:
            made.append(((outage,), window))
            if not _runs_over(outage, window[1], as_of):
                continue
            made.append(((outage.since(window[1]),), None))
        elif last >= 0 and _again(made[last][0][-1], outage):
            made[last] = ((*made[last][0], outage), None)
            continue
        else:
            made.append(((outage,), None))
        last = len(made) - 1
    return made


def _runs_over(outage: Outage, end: int, as_of: int) -> bool:
    if end >= as_of:
        return False
    gone = outage.withdrawn if outage.withdrawn is not None else outage.restored
    return gone is None or gone > end


def _again(before: Outage, outage: Outage) -> bool:
    return before.restored is not None and outage.start - before.restored <= 600 * SECOND


Way = Tuple[int, Tuple[str, ...]]
"""So many of these must be left for the way to be open."""


class Graph:
    """Whatever may be the root of a fault, with its ways to the top at any time (F6)."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.interval: Dict[str, int] = {}
        self.role: Dict[str, str] = {}
        self.ways: Dict[str, List[Tuple[Cut, List[Way]]]] = {}
        for id_ in city.targets:
            self._add(id_, city.role(id_), city.book.interval(id_), self._of_target(id_))
        for id_ in city.links:
            self._add(id_, "line", city.book.interval(id_), self._of_link(id_))
        self._components()
        self.order = self._ordered()

    def _add(self, id_: str, role: str, interval: int, ways: Iterable[Tuple[Cut, List[Way]]]) -> None:
        self.interval[id_], self.role[id_], self.ways[id_] = interval, role, list(ways)

    def _components(self) -> None:
        city, book = self.city, self.city.book
        for target, piece in city.ledger.parts:
            if not piece and target not in book.where and not target.startswith("vantage:"):
                self._add(target, "node", 60 * SECOND, ())
        lines = {name for id_ in city.links for name in city.interfaces(id_)}
        for target, piece in city.ledger.parts:
            name = target + "#" + piece
            if piece and name not in lines:
                self._add(name, city.role(target), book.interval(target), [(EVER, [(1, (target,))])])

    def _of_target(self, id_: str) -> Iterator[Tuple[Cut, List[Way]]]:
        for a, b, body in self.city.book.dated(id_):
            parents = [str(parent) for parent in body.get("parents") or ()]
            if parents:
                yield (a, b), [way for parent in parents for way in self._through(parent)]
            elif body.get("site_id"):
                for cut, lines, _ in self.city.site_times(str(body["site_id"]), a, b):
                    yield cut, [(1, (line,)) for line in lines]

    def _of_link(self, id_: str) -> Iterator[Tuple[Cut, List[Way]]]:
        for a, b, body in self.city.book.dated(id_):
            yield (a, b), list(self._through(str(body["a_site"])))

    def _through(self, parent: str) -> Iterator[Way]:
        city = self.city
        if city.is_platform(parent):
            yield from self._through_gate(city.gate_at(parent, FAR - 1))
        elif city.book.where.get(parent) == "components":
            yield from self._through(str(city.book.latest(parent).get("member") or ""))
        elif city.is_site(parent):
            yield from ((1, (member,)) for member in city.lines[parent] or city.nodes.get(parent, []))
        elif parent:
            yield 1, (parent,)

    def _through_gate(self, gate: Gate) -> Iterator[Way]:
        members = tuple(self.city.behind_part(each) for each in gate.members if isinstance(each, str))
        if members:
            yield (gate.need or len(members)), members
        for each in gate.members:
            if isinstance(each, Gate):
                yield from self._through_gate(each)

    def _ordered(self) -> List[str]:
        """Ancestors first. A way that would close a circle is no way."""
        above = {
            id_: list(
                dict.fromkeys(m for _, ways in self.ways[id_] for _, members in ways for m in members if m in self.ways)
            )
            for id_ in self.ways
        }
        placed: Dict[str, int] = {}
        circle: Set[Tuple[str, str]] = set()
        for top in sorted(self.ways):
            stack = [] if top in placed else [(top, iter(above[top]))]
            under_way = {top}
            while stack:
                id_, parents = stack[-1]
                parent = next(parents, None)
                if parent is None:
                    placed[id_] = len(placed)
                    under_way.discard(id_)
                    stack.pop()
                elif parent in under_way:
                    circle.add((id_, parent))
                elif parent not in placed:
                    under_way.add(parent)
                    stack.append((parent, iter(above[parent])))
        for id_, dated in self.ways.items():
            self.ways[id_] = [(cut, self._open(id_, ways, circle)) for cut, ways in dated]
        return sorted(placed, key=lambda id_: placed[id_])

    def _open(self, id_: str, ways: Sequence[Way], circle: Set[Tuple[str, str]]) -> List[Way]:
        kept = [
            (need, tuple(m for m in members if m in self.ways and (id_, m) not in circle)) for need, members in ways
        ]
        return [way for way in kept if way[1]]

    def at(self, id_: str, instant: int) -> List[Way]:
        """Its ways at an instant."""
        return next((ways for (a, b), ways in self.ways[id_] if a <= instant < b), [])


class Faults:
    """All faults of a city, judged one item after the other, ancestors first."""

    def __init__(self, city: City, as_of: int) -> None:
        self.city, self.as_of = city, as_of
        self.graph = Graph(city)
        self.history = {id_: history_of(city.served(id_), city.until) for id_ in self.graph.ways}
        self.episodes: Dict[str, List[Episode]] = {}
        for id_ in self.graph.order:
            if any(state[1] == DOWN for state in self.history[id_]):
                self.episodes[id_] = list(self._episodes(id_))

    def _episodes(self, id_: str) -> Iterator[Episode]:
        found = outages_in(self.history[id_], self.as_of)
        for parts, window in spells_of(found, self.city.windows.planned(id_), self.as_of):
            if window is not None:
                end = min(parts[-1].down_end, window[1])
                yield Episode(id_, parts[0].start, end, (id_, parts[0].start, end, "planned"), parts, window)
            else:
                yield from self._judged(id_, parts)

    def _judged(self, id_: str, parts: Tuple[Outage, ...]) -> Iterator[Episode]:
        """A fault of its own, or a member of the one above; what outlasts that is judged anew (F6)."""
        residual = False
        while parts:
            start, last = parts[0].start, parts[-1].down_end
            above = self._above(id_, start)
            if above is None:
                kind = "residual" if residual else "overrun" if parts[0].exact else "fault"
                yield Episode(id_, start, last, (id_, start, last, kind), parts)
                return
            root = above.root
            until = root[2] if start < root[2] else above.end
            mine = tuple(each for each in parts if each.start < until)
            parts = parts[len(mine) :]
            end = mine[-1].down_end
            residual = until != FAR and end > until + self._tolerance(root[0], id_)
            if residual and end == FAR and until + self._tolerance(root[0], id_) >= self.as_of:
                residual = False
            if residual:
                parts = (mine[-1].since(until), *parts)
            yield Episode(id_, start, until if residual else end, root, mine)

    def _tolerance(self, parent: str, child: str) -> int:
        return max(2 * self.graph.interval[parent], 2 * self.graph.interval[child], 180 * SECOND)

    def _above(self, id_: str, at: int) -> Optional[Episode]:
        """The episode of the highest ancestor without which no way is left."""
        down: Dict[str, Episode] = {}
        todo, seen = [id_], {id_}
        while todo:
            for _, members in self._ways(todo.pop(), at):
                for member in members:
                    if member not in seen:
                        seen.add(member)
                        todo.append(member)
                        episode = self._covering(member, at, self._tolerance(member, id_))
                        if episode is not None:
                            down[member] = episode
        if not down or not self._blocked(id_, at, frozenset(down), {}):
            return None
        alone = [each for each in down if self._blocked(id_, at, frozenset([each]), {})]
        held = alone or self._in_the_way(id_, at, down)
        return down[min(held, key=lambda each: (self._hops(each, at), -down[each].start, each))]

    def _in_the_way(self, id_: str, at: int, down: Dict[str, Episode]) -> List[str]:
        """Those that are down on ways that are blocked, where none blocks all by itself."""
        found: List[str] = []
        todo, seen = [id_], {id_}
        everything = frozenset(down)
        while todo:
            for _, members in self._ways(todo.pop(), at):
                for member in members:
                    is_shut = member in down or self._blocked(member, at, everything, {})
                    if member not in seen and is_shut:
                        seen.add(member)
                        found += [member] if member in down else []
                        if self._blocked(member, at, everything, {}):
                            todo.append(member)
        return found

    def _blocked(self, id_: str, at: int, down: FrozenSet[str], seen: Dict[str, bool]) -> bool:
        """Whether every way to the top runs through these."""
        if id_ not in seen:
            ways = self._ways(id_, at)
            seen[id_] = bool(ways) and all(self._shut(way, at, down, seen) for way in ways)
        return seen[id_]

    def _shut(self, way: Way, at: int, down: FrozenSet[str], seen: Dict[str, bool]) -> bool:
        need, members = way
        left = sum(not (member in down or self._blocked(member, at, down, seen)) for member in members)
        return left < need and (need <= len(members) or len(members) == 1)

    def _ways(self, id_: str, at: int) -> List[Way]:
        """Ways without what is out of service then."""
        found = []
        for need, members in self.graph.at(id_, at):
            kept = tuple(member for member in members if not self._is_out(member, at))
            if kept:
                found.append((len(kept) if need == len(members) else need, kept))
        return found

    def _is_out(self, member: str, at: int) -> bool:
        history = self.history[member]
        place = bisect.bisect_right(history, (at, FAR)) - 1
        return place >= 0 and history[place][1] == OUT and history[place][0] < self.as_of

    def _hops(self, id_: str, at: int) -> int:
        ways = self._ways(id_, at)
        return min((self._hops(member, at) + 1 for _, members in ways for member in members), default=0)

    def _covering(self, id_: str, at: int, tolerance: int) -> Optional[Episode]:
        """What it was down with then: the last that had begun, else one that begins a little later."""
        episodes = self.episodes.get(id_, [])
        begun = [each for each in episodes if each.start <= at < each.end]
        if begun:
            return begun[-1]
        return next((each for each in episodes if at < each.start <= at + tolerance), None)

    def all(self) -> List[Fault]:
        """Every fault, the desk heard (F1, F2)."""
        members: Dict[Tuple[str, int], Set[str]] = {}
        for episodes in self.episodes.values():
            for each in episodes:
                if not each.is_root:
                    members.setdefault(each.root[:2], set()).add(each.item)
        found = [
            self._fault(each, tuple(sorted(members.get(each.root[:2], ()))))
            for episodes in self.episodes.values()
            for each in episodes
            if each.is_root and each.root[3] != "planned"
        ]
        return sorted(self._heard(found), key=lambda fault: (fault.start, fault.root))

    def _fault(self, each: Episode, members: Tuple[str, ...]) -> Fault:
        first, last = each.parts[0], each.parts[-1]
        back = None if last.restored is None else (max(last.down_end, each.start), last.restored)
        return Fault(
            fault_id(each.item, each.start),
            each.item,
            self.graph.role[each.item],
            each.start,
            (first.earliest, first.start),
            back,
            last.down_end,
            outcome_of(first.start, first.earliest, last, self.as_of),
            members,
            each.root[3] == "overrun",
            each.root[3] == "residual",
            last.end == "withdrawn",
            "imported" if first.told else "probe",
        )

    def _heard(self, found: List[Fault]) -> List[Fault]:
        linked: Dict[int, List[Desk]] = {}
        alone: List[Fault] = []
        for row in self._desk():
            fitting = [
                number
                for number, fault in enumerate(found)
                if row.root in (fault.root, *fault.members)
                and fault.onset[1] - THREE_HOURS
                <= row.reported
                <= (fault.restored[1] if fault.restored else self.as_of)
            ]
            if fitting:
                linked.setdefault(min(fitting, key=lambda number: found[number].start), []).append(row)
            else:
                alone += self._stands_alone(row)
        told = [self._told(fault, linked[number]) if number in linked else fault for number, fault in enumerate(found)]
        return [*told, *alone]

    def _told(self, fault: Fault, rows: Sequence[Desk]) -> Fault:
        """A report before the onset starts the clock (F2)."""
        reported = tuple(sorted(row.reported for row in rows))
        earliest, first = fault.onset
        start = min(first, reported[0])
        end = (
            "restored"
            if fault.restored
            else "withdrawn"
            if fault.withdrawn
            else ("open" if fault.ended == FAR else "unseen")
        )
        down_end, restored = fault.restored or (fault.ended, None)
        last = Outage(first, earliest, down_end, restored, end)
        from_ = None if earliest is None else min(earliest, reported[0])
        return fault._replace(start=start, reported=reported, outcome=outcome_of(start, from_, last, self.as_of))

    def _stands_alone(self, row: Desk) -> Iterator[Fault]:
        """What the desk accepts where no probe covers the root (F1)."""
        onset = row.reported if row.onset is None else row.onset
        a, b = min(onset, row.reported), min(row.restored or self.as_of, self.as_of)
        if a >= self.as_of:
            return
        if any(state[1] != DARK and state[0] <= b and end > a for state, end in self._states(row.root)):
            return
        back = row.restored if row.restored is not None and row.restored < self.as_of else None
        ended = FAR if back is None else back
        last = Outage(onset, onset, ended, back, "open" if back is None else "restored")
        yield Fault(
            fault_id(row.root, a),
            row.root,
            self.graph.role.get(row.root, "service"),
            a,
            (onset, onset),
            None if back is None else (back, back),
            ended,
            outcome_of(a, a, last, self.as_of),
            source="desk",
            reported=(row.reported,),
        )

    def _states(self, id_: str) -> Iterator[Tuple[State, int]]:
        history = self.history.get(id_, [])
        for place, state in enumerate(history):
            yield state, history[place + 1][0] if place + 1 < len(history) else FAR

    def _desk(self) -> Iterator[Desk]:
        book = self.city.book
        for id_ in book.ids("faults"):
            body = book.last("faults", id_)
            row = Desk(id_, str(body["root"]), int(body["reported"]), body.get("onset"), body.get("restored"))
            yield row._replace(root=self._subject(row))

    def _subject(self, row: Desk) -> str:
        """Of a composite the member that failed then, or one that was seen at all (F1)."""
        city = self.city
        root = city.behind_part(row.root)
        gate = city.members_now(root)
        if gate is None:
            return root
        members = [city.behind_part(member) for member in _leaves(gate)]
        start = row.reported if row.onset is None else min(row.onset, row.reported)
        end = max(start + 1, row.reported if row.restored is None else row.restored)
        failed = (
            each
            for each in members
            if any(
                run[0].a - THREE_HOURS <= row.reported <= (city.until if back is None else back)
                for run, back in outage_runs(city.served(each))
            )
        )
        seen = (each for each in members if any(p.state != DARK for p in part(city.served(each), start, end)))
        return next(failed, None) or next(seen, None) or root

    def quality(self) -> Iterator[Fault]:
        """Loss, delay, flapping or lost redundancy for more than 15 min (F12)."""
        for id_ in [*self.graph.ways, *self.city.lines]:
            history = self.history.get(id_) or history_of(self.city.served(id_), self.city.until)
            for each in self._poor(history):
                role = self.city.role(id_) if self.city.members_now(id_) is None else "site"
                back = None if each.restored is None else (each.down_end, each.restored)
                yield Fault(
                    fault_id("quality:" + id_, each.start),
                    id_,
                    role,
                    each.start,
                    (each.earliest, each.start),
                    back,
                    each.down_end,
                    outcome_of(each.start, each.earliest, each, self.as_of),
                    withdrawn=each.end == "withdrawn",
                    source="imported" if each.told else "probe",
                )

    def _lasted(self, each: Outage) -> bool:
        return (self.as_of if each.end == "open" else each.down_end) - each.start > 900 * SECOND

    def _poor(self, history: Sequence[State]) -> Iterator[Outage]:
        now: Optional[Outage] = None
        dark_since: Optional[int] = None
        is_dark = True
        for (at, state, cause, why), end in _until_next(history, self.as_of):
            how = "open" if end == FAR else "unseen"
            if state == POOR and why & (LOSS | RTT | FLAPPING | REDUNDANCY):
                begun = Outage(at, dark_since if is_dark else at, end, None, how, cause == "imported")
                now = begun if now is None else now._replace(down_end=end, end=how)
            elif state == DOWN and now is not None:
                now = now._replace(down_end=end, end=how) if self._lasted(now) else None
            elif state == DARK:
                dark_since = dark_since if is_dark else at
            elif now is not None:
                closed = now._replace(
                    restored=None if state == OUT else at, end="withdrawn" if state == OUT else "restored"
                )
                if self._lasted(closed):
                    yield closed
                now = None
            is_dark = state == DARK
        if now is not None and self._lasted(now):
            yield now


def _leaves(gate: Gate) -> Iterator[str]:
    for member in gate.members:
        if isinstance(member, Gate):
            yield from _leaves(member)
        else:
            yield str(member)


def fault_id(root: str, start: int) -> str:
    """The id of a fault."""
    return "F-" + base64.b32encode(hashlib.sha256(("%s|%d" % (root, start)).encode()).digest())[:10].decode()


def outcome_of(start: int, earliest: Optional[int], last: Outage, as_of: int) -> str:
    """Against three hours, by the shortest and the longest reading (F3, F4, F10)."""
    if last.end == "open":
        return "late" if as_of - start > THREE_HOURS else "pending"
    if last.down_end - start > THREE_HOURS:
        return "late"
    if last.end == "withdrawn":
        return "undecided"
    if last.restored is None:
        return "pending" if as_of - start <= THREE_HOURS else "undecided"
    return "in_time" if earliest is not None and last.restored - earliest <= THREE_HOURS else "undecided"


# -------------------- calendar and numbers

_EPOCH = datetime.datetime(1970, 1, 1)
_TICK = datetime.timedelta(microseconds=1)


class Zone:
    """The plan's zone by the offsets that the pack states."""

    def __init__(self, offsets: Sequence[Sequence[int]]) -> None:
        self.offsets = [(int(since), int(offset)) for since, offset in offsets]

    def local(self, at: int) -> datetime.datetime:
        """The local time of an instant."""
        offset = [off for since, off in self.offsets if since <= at][-1]
        return _EPOCH + datetime.timedelta(microseconds=at + offset)

    def instant(self, moment: datetime.datetime) -> int:
        """The first instant of that local time; where the clock skips it, the instant of the change."""
        naive = (moment - _EPOCH) // _TICK
        for place, (since, offset) in enumerate(self.offsets):
            following = self.offsets[place + 1][0] if place + 1 < len(self.offsets) else FAR
            if naive - offset < following:
                return max(naive - offset, since)
        raise AssertionError("offsets without an end")

    def midnight(self, day: datetime.date) -> int:
        """Its 00:00."""
        return self.instant(datetime.datetime(day.year, day.month, day.day))


def period_of(name: str, zone: Zone) -> Cut:
    """2025, 2025-Q2 or 2025-06 (T1)."""
    found = re.match(r"^([0-9]{4})(?:-Q([1-4])|-([0-9]{2}))?$", name)
    if not found:
        raise Wrong("bad_value", file="method.json", line=0, field="period")
    year = int(found.group(1))
    first, count = (3 * int(found.group(2)) - 2, 3) if found.group(2) else (int(found.group(3) or 1), 1)
    count = count if found.group(2) or found.group(3) else 12
    last = first - 1 + count
    end = datetime.date(year + last // 12, last % 12 + 1, 1)
    return zone.midnight(datetime.date(year, first, 1)), zone.midnight(end)


class NoYearError(Exception):
    """The calendar lacks a year."""


class Calendar:
    """Working days as the notices of the pack state them (V5)."""

    def __init__(self, years: Body, zone: Zone) -> None:
        self.zone = zone
        self.years = {int(year): (set(said["off"]), set(said["working"])) for year, said in years.items()}

    def works(self, day: datetime.date) -> bool:
        """Whether it is a working day."""
        if day.year not in self.years:
            raise NoYearError
        off, working = self.years[day.year]
        text = day.isoformat()
        return text in working or (day.weekday() < 5 and text not in off)

    def due(self, at: int, days: int) -> int:
        """Midnight after the n-th working day; the first day is not counted."""
        day = self.zone.local(at).date()
        while days:
            day += datetime.timedelta(days=1)
            days -= self.works(day)
        return self.zone.midnight(day + datetime.timedelta(days=1))

    def busy(self, a: int, b: int) -> Iterator[Cut]:
        """08:00 to 18:00 of working days."""
        day = self.zone.local(a).date()
        while self.zone.midnight(day) < b:
            if self.works(day):
                times = [self.zone.instant(datetime.datetime(day.year, day.month, day.day, hour)) for hour in (8, 18)]
                low, high = max(a, times[0]), min(b, times[1])
                if low < high:
                    yield low, high
            day += datetime.timedelta(days=1)


class Target(NamedTuple):
    """What the plan prints for the year, and what it comes to."""

    value: Optional[Fraction]
    strict: bool
    advisory: bool

    @property
    def binds(self) -> bool:
        """Whether a verdict is held against it."""
        return self.value is not None and not self.advisory

    def reached(self, ratio: Ratio) -> bool:
        """By whole numbers (V1)."""
        assert self.value is not None
        left, right = ratio[0] * self.value.denominator, self.value.numerator * ratio[1]
        return left > right or (left == right and not self.strict)


def printed_target(row: Body, year: int) -> Target:
    """The cell of the year, without one that of the last before it as advice (V2)."""
    columns = [int(each) for each in row["targets"] if int(each) <= year]
    if not columns:
        return Target(None, False, False)
    text = str(row["targets"][str(max(columns))]).strip()
    found = re.match(r"^([>＞≥]|>=)?\s*([0-9]+(?:\.[0-9]+)?)\s*(\S*)$", text)
    advisory = max(columns) != year
    if not found:
        return Target(None, False, advisory)
    number = Fraction(found.group(2))
    if row["unit"] == "percent":
        number /= 100
    elif found.group(3):
        number *= times_of(row["unit"])
    return Target(number, found.group(1) in (">", "＞"), advisory)


def times_of(unit: str) -> int:
    """How many one of a unit is."""
    return {"万": 10_000, "亿": 100_000_000}.get(unit[:1], 1)


class Found(NamedTuple):
    """What a formula came to; None where nothing is known or can be said."""

    low: Pair
    high: Pair
    best: Pair = None
    worst: Pair = None
    claimed: Pair = None
    measured: bool = True
    computable: bool = True
    decimals: int = 2
    late: Optional[int] = None
    pending: Optional[int] = None
    counted: Optional[int] = None
    lists: Dict[str, List[str]] = {}

    @property
    def value(self) -> Pair:
        """What is published: the low bound, of nothing measured none (A4)."""
        published = self.computable and self.measured
        return self.low if published and self.low is not None and self.low[1] else None


def verdict_of(low: Pair, high: Pair, target: Target, computable: bool = True) -> str:
    """V2, the first that holds."""
    if not target.binds:
        return "no_target"
    if not computable:
        return "not_computable"
    if low is None or high is None:
        return "undetermined"
    if not low[1] and not high[1]:
        return "not_applicable"
    if low[1] and target.reached(low):
        return "met"
    return "missed" if high[1] and not target.reached(high) else "undetermined"


def is_final(found: Found, target: Target) -> bool:
    """Of a period that runs: whether worst and best say the same (T3)."""
    if found.worst is None or found.best is None or not target.binds or not found.computable:
        return False
    ends = {verdict_of(each, each, target) for each in (found.worst, found.best)}
    return ends in ({"met"}, {"missed"})


def misses(found: Found, target: Target) -> Optional[int]:
    """The largest k with (n - k)/n meeting the target (F4)."""
    n = found.counted
    if not n or target.value is None or target.advisory:
        return None
    needed = -(-target.value.numerator * n // target.value.denominator)
    if target.strict and needed * target.value.denominator == target.value.numerator * n:
        needed += 1
    return max(n - needed, 0)


def shown(found: Found, target: Target, unit: str) -> str:
    """As it is printed: cut off, never up to a target that it misses (V3)."""
    value = found.value
    if value is None:
        return "-"
    if unit != "percent":
        number = Fraction(*value) / times_of(unit)
        text = "%d.%04d" % divmod(number.numerator * 10_000 // number.denominator, 10_000)
        return text.rstrip("0").rstrip(".") + ("" if unit == "number" else unit)
    if value[0] == value[1]:
        return "100%"
    digits = found.decimals
    short = target.value is not None and Fraction(*value) < target.value
    while short and digits < 40 and _cut(Fraction(*value), digits) == _cut(target.value or Fraction(0), digits):
        digits += 1
    return _cut(Fraction(*value), digits) + "%"


def _cut(ratio: Fraction, digits: int) -> str:
    whole, rest = divmod(ratio.numerator * 100 * 10**digits // ratio.denominator, 10**digits)
    return "%d.%0*d" % (whole, digits, rest)


# -------------------- the formulas


class Question:
    """All that the formulas are asked with."""

    def __init__(self, pack: Pack, method: Body, row: Body) -> None:
        self.pack, self.method, self.row = pack, method, row
        self.zone = Zone(method["zone_offsets_us"])
        self.period = period_of(method["period"], self.zone)
        self.as_of = int(method["as_of"])
        self.a, self.cut = self.period[0], min(self.period[1], self.as_of)
        self.running = self.as_of < self.period[1]
        self.target = printed_target(row, self.zone.local(self.a).year)
        self.book = Registers(pack, method)
        self.city = City(self.book, Ledger(pack, method), method)
        self.faults: Optional[Faults] = None
        self.made: List[str] = []
        self.left: List[str] = []

    @property
    def calendar(self) -> Calendar:
        """The working days of the pack."""
        return Calendar(self.pack.document("calendar.json"), self.zone)

    def share(
        self,
        lists: Dict[str, List[str]],
        yes: str,
        maybe: Sequence[str] = (),
        claimed: Optional[int] = None,
        events: bool = False,
    ) -> Found:
        """A share of things (C1-C6); of a stock all of it may still change until the period ends (T3)."""
        d = sum(map(len, lists.values()))
        n = len(lists.get(yes, ()))
        high = n + sum(len(lists.get(each, ())) for each in maybe)
        is_open = d > 0 and not events
        return Found(
            (n, d),
            (high, d),
            (d, d) if is_open else None,
            (0, d) if is_open else None,
            None if claimed is None else (claimed, d),
            measured=d > 0,
            late=len(lists["late"]) if events and "late" in lists else None,
            counted=d or None,
            lists={name: sorted(ids) for name, ids in lists.items()},
        )

    def of_time(self, sums: Sequence[Sequence[int]], ahead: int) -> Found:
        """Σ up / Σ in service, UNKNOWN as down and as up (A4, A5)."""
        up = sum(each[UP] + each[POOR] for each in sums)
        down, dark = sum(each[DOWN] for each in sums), sum(each[DARK] for each in sums)
        whole = up + down + dark
        low, high = (up, whole), (up + dark, whole)
        worst = (up, whole + ahead) if self.running else low
        best = (up + dark + ahead, whole + ahead) if self.running else high
        return Found(low, high, best, worst, measured=up + down > 0, decimals=4)


def _availability(ask: Question) -> Found:
    city, a, cut = ask.city, ask.a, ask.cut
    named = ask.row["scope"].get("platforms")
    classes = {id_: ask.book.latest(id_).get("class") or "other" for id_ in ask.book.ids("platforms")}
    ids = (
        named
        or [id_ for id_ in classes if classes[id_] == "city_cloud"]
        or [id_ for id_ in classes if classes[id_] != "cloud"]
    )
    if not ids:
        return Found((0, 0), (0, 0))
    sums, ahead = [], 0
    for id_ in ids:
        if city.is_known(id_):
            pieces, service = city.pieces(id_), city.service(id_)
            one = sums_of(pieces, service, a, cut)
            if ask.method["variant"] == "excluding_approved":
                for low, high in inside(city.excluded(id_), a, cut):
                    out = sums_of(pieces, service, low, high)
                    one = [one[state] - (out[state] if state != OUT else 0) for state in range(6)]
            ahead += sum(sums_of([], service, cut, max(cut, ask.period[1]))[:OUT])
        else:
            one = [0, 0, 0, 0, cut - a, 0]
            ahead += ask.period[1] - cut
        sums.append(one)
    return ask.of_time(sums, ahead)


RATED = ("core", "exit", "county_node", "node", "line", "platform", "component", "service")


def _clearing(ask: Question) -> Found:
    roles = ask.row["scope"].get("roles") or RATED
    ask.faults = judged = Faults(ask.city, ask.as_of)
    every = judged.all()
    quality = list(judged.quality()) if ask.method["counts_quality"] else []
    clocks = [(int(each["since"]), str(each["clock"])) for each in dated(ask.method)]
    if any(clock == "detected" for _, clock in clocks):
        seen = _detections(ask)
        every = [
            _by_detection(ask, fault, seen) if [c for at, c in clocks if at <= fault.start][-1] == "detected" else fault
            for fault in every
        ]
    a, b = ask.period
    mine = [fault for fault in (*every, *quality) if fault.role in roles and a <= fault.start < b]
    by = {how: sum(fault.outcome == how for fault in mine) for how in ("in_time", "late", "undecided", "pending")}
    n = by["in_time"] + by["late"] + by["undecided"]
    hidden = sum(_hides(gap, ask, mine) for vantage, gap in blind_times(ask) if _over_roots(ask, vantage, gap, roles))
    return Found(
        (by["in_time"], n + hidden),
        (by["in_time"] + by["undecided"], n),
        measured=n > 0,
        late=by["late"],
        pending=by["pending"],
        counted=n or None,
    )


def _detections(ask: Question) -> Dict[Tuple[str, int], int]:
    """When DOWN was declared: the last reading of the edge (F2)."""
    found: Dict[Tuple[str, int, int, int], int] = {}
    wanted = ask.city.ledger.down_edges
    for _, row in ask.pack.rows("readings.csv"):
        key = (row["object"], int(row["edge_at"]))
        if wanted.get(key) == (int(row["boot_no"]), int(row["seq"])):
            full_key = (*key, int(row["boot_no"]), int(row["seq"]))
            found[full_key] = max(found.get(full_key, 0), int(row["at"]))
    return {key[:2]: at for key, at in found.items()}


def _by_detection(ask: Question, fault: Fault, seen: Dict[Tuple[str, int], int]) -> Fault:
    detected = seen.get((fault.root, fault.onset[1])) if fault.source == "probe" else None
    if detected is None:
        return fault
    start = min([detected, *fault.reported])
    shortest = (min(fault.ended, ask.as_of) if fault.restored is None else fault.restored[0]) - start
    if shortest > THREE_HOURS:
        how = "late"
    elif fault.restored is not None:
        how = "in_time" if fault.restored[1] - start <= THREE_HOURS else "undecided"
    else:
        how = "pending" if ask.as_of - start <= THREE_HOURS and not fault.withdrawn else "undecided"
    return fault._replace(start=start, outcome=how)


def blind_times(ask: Question) -> List[Tuple[str, Cut]]:
    """When each vantage saw nothing for more than three hours: not running, or cut off (S6, S8, F11)."""
    blind: Dict[str, List[Cut]] = {}
    ended: Dict[str, int] = {}
    for run in sorted(ask.city.ledger.runs, key=lambda each: int(each["boot_no"])):
        name = run["name"]
        if name in ended:
            blind.setdefault(name, []).append((ended[name], int(run["started_at"])))
        ended[name] = int(run["heartbeat_at"])
    for name, at in ended.items():
        blind.setdefault(name, []).append((at, max(at, ask.as_of)))
    since: Dict[Tuple[str, str], int] = {}
    for _, row in ask.pack.rows("events.csv"):
        name, at = row["name"], int(row["at"])
        if row["kind"] == "start":
            for key in [key for key in since if key[0] == name]:
                blind.setdefault(name, []).append((since.pop(key), at))
        elif row["kind"] in ("isolated", "isolation_ended"):
            key = (name, str(json.loads(row["body"]).get("plane", "")))
            if row["kind"] == "isolated":
                since.setdefault(key, at)
            elif key in since:
                blind.setdefault(name, []).append((since.pop(key), at))
    for (name, _), at in since.items():
        blind.setdefault(name, []).append((at, max(at, ask.as_of)))
    return [
        (name, gap)
        for name, gaps in blind.items()
        for gap in merged((a, min(b, ask.as_of)) for a, b in gaps)
        if gap[1] - gap[0] > THREE_HOURS
    ]


def _hides(gap: Cut, ask: Question, faults: Sequence[Fault]) -> bool:
    """Whether a late fault may lie in it unseen, and none that is undecided stands for it (F11)."""
    if gap[0] >= ask.period[1] or gap[1] - THREE_HOURS <= ask.period[0]:
        return False
    for fault in faults:
        earliest, first = fault.onset
        begin = first if earliest is None else min(earliest, first)
        touches = begin < gap[1] and (fault.restored is None or gap[0] < fault.restored[1])
        if fault.outcome == "undecided" and touches:
            return False
    return True


def _over_roots(ask: Question, vantage: str, gap: Cut, roles: Sequence[str]) -> bool:
    assert ask.faults is not None
    for id_, role in ask.faults.graph.role.items():
        looks = ask.book.latest(id_.partition("#")[0]).get("vantage") or vantage
        if role in roles and looks == vantage:
            service = ask.city.service(id_)
            if not service or any(a < gap[1] and b > gap[0] for a, b in service):
                return True
    return False


def _doubled(ask: Question, members: Sequence[str]) -> List[int]:
    """The time in which two of them were up; one alone never is."""
    a, b = ask.a, ask.cut
    pieces = (
        [Piece(a, b, DOWN)]
        if len(members) < 2
        else together([[ask.city.served(each) for each in members]], a, b, lambda now: need_of(2, now[0]))
    )
    return sums_of(pieces, [], a, b)


def _times_of_all(ask: Question, sums: List[List[int]]) -> Found:
    return ask.of_time(sums, max(ask.period[1] - ask.cut, 0) * len(sums))


def _redundant_time(ask: Question) -> Found:
    roles = ask.row["scope"]["roles"]
    ids = [
        id_
        for register in TARGETS
        for id_, _ in ask.book.standing(register, ask.cut - 1)
        if ask.city.role(id_) in roles
    ]
    return _times_of_all(ask, [_doubled(ask, ids)] if ids else [])


def _redundant_lines(ask: Question) -> Found:
    return _times_of_all(ask, [_doubled(ask, lines) for lines in ask.city.lines.values() if lines])


def _dual_stack(ask: Question) -> Found:
    sums = []
    for register in TARGETS:
        for id_, body in ask.book.standing(register, ask.cut - 1):
            if {int(each) for each in body.get("families_required") or ()} == {4, 6}:
                lost = [
                    p._replace(state=DOWN, why=0) if p.state == POOR and p.why & FAMILY else p
                    for p in ask.city.pieces(id_)
                ]
                sums.append(sums_of(lost, ask.city.service(id_), ask.a, ask.cut))
    return _times_of_all(ask, sums)


# -------------------- coverage and registers (C1-C6)

_VIDEO = ("video", "视频", "视频网")


class Sightings:
    """When a target was seen in the 168 h before the cut-off, as far as the record proves it (C2)."""

    def __init__(self, ask: Question) -> None:
        self.ask = ask
        self.week: Cut = (ask.cut - WEEK, ask.cut)
        self.days: Dict[str, List[Dict[str, str]]] = {}
        for _, row in ask.pack.rows("sightings.csv"):
            self.days.setdefault(row["object"], []).append(row)
        self.readings: Dict[str, List[Tuple[int, int]]] = {}
        for _, row in ask.pack.rows("told.csv"):
            self.readings.setdefault(row["object"], []).append((int(row["at"]), int(row["outcome"])))
        first, beat = ask.method["first_sighting"], ask.city.ledger.first_heartbeat
        if first is not None and beat is not None and _utc_day(beat) >= first - 1:
            first = 0
        self.first_kept = first

    def of(self, id_: str) -> Tuple[bool, bool, bool]:
        """Whether ok was seen, whether failed was, and whether an ok one may be hidden."""
        pieces = part(self.ask.city.pieces(id_), *self.week) if self.ask.city.is_known(id_) else []
        told = [*self._of_days(id_), *self._of_files(id_), *_proven(pieces, self._validity(id_))]
        inside_week = {good for at, good in told if self.week[0] <= at < self.week[1]}
        return True in inside_week, False in inside_week, True not in inside_week and any(map(self._hides, pieces))

    def _of_days(self, id_: str) -> Iterator[Tuple[int, bool]]:
        for row in self.days.get(id_, ()):
            for column in ("first_ok", "last_ok", "first_failed", "last_failed"):
                if row[column]:
                    yield int(row[column]), column.endswith("ok")

    def _of_files(self, id_: str) -> Iterator[Tuple[int, bool]]:
        beat = self.ask.city.ledger.first_heartbeat
        end = self.week[1] if beat is None else min(beat, self.week[1])
        for at, outcome in self.readings.get(id_, ()):
            if at < end and outcome in (1, 2):
                yield at, outcome == 1
        for piece in self.ask.city.ledger.stated.get(id_, ()):
            if piece.a < end and piece.state in (UP, POOR, DOWN):
                yield min(piece.b, end) - 1, piece.state != DOWN

    def _validity(self, id_: str) -> int:
        stated = [row.body["interval_seconds"] for row in self.ask.book.all(id_) if "interval_seconds" in row.body]
        longest = [self.ask.book.interval(id_), *(round(Fraction(each) * SECOND) for each in stated)]
        return max(longest) * 3 // 2

    def _hides(self, piece: Piece) -> bool:
        if piece.told or piece.state == OUT or piece.cause in ("agent_down", "withdrawn"):
            return False
        return piece.state in (UP, POOR) or self.first_kept is None or _utc_day(piece.a) - 1 <= self.first_kept


def _proven(pieces: Sequence[Piece], validity: int) -> Iterator[Tuple[int, bool]]:
    """A steady UP ended on a reading no older than its validity, DOWN on two; either began with one (S2, S3)."""
    for place, piece in enumerate(pieces):
        before = pieces[place - 1] if place else None
        if piece.told:
            continue
        if piece.state == DOWN:
            yield piece.b - 2 * validity, False
            if before is not None:
                yield piece.a, False
        elif piece.state in (UP, POOR) and not piece.why & BLIP:
            yield piece.b - validity, True
            if before is not None and before.state in (DOWN, DARK) and before.b == piece.a:
                yield piece.a, True


def _utc_day(at: int) -> int:
    return (_EPOCH + datetime.timedelta(microseconds=at)).toordinal()


def _host(address: str) -> str:
    if "://" in address:
        rest = re.split("[/?#]", address.split("://", 1)[1])[0].rpartition("@")[2]
        return rest[1:].partition("]")[0].lower() if rest.startswith("[") else rest.partition(":")[0].lower()
    address = address.partition("/")[0]
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.rpartition(":")[0] if address.count(":") == 1 else address


def _spelled_once(host: str) -> str:
    """Every spelling of an address is one address."""
    text, percent, scope = host.casefold().partition("%")
    try:
        number = ipaddress.ip_address(text)
    except ValueError:
        return host.casefold().rstrip(".")
    inner = getattr(number, "ipv4_mapped", None)
    return str(inner if inner is not None else number) + percent + scope


def _standing(ask: Question, video: bool) -> Iterator[Tuple[str, str, str]]:
    """What speaks for a site on this network: id, site, address."""
    for register in TARGETS:
        for id_, body in ask.book.standing(register, ask.cut - 1):
            plane = body.get("plane")
            on_video = plane in _VIDEO if plane else body.get("role") == "camera" or body.get("kind") == "rtsp"
            if body.get("site_id") and on_video == video:
                address = str(body.get("address") or "")
                plain = body.get("kind") in ("host", "host_page") or re.match(
                    r"^@(gateway6?|resolver)(:[0-9]{1,5})?$", address
                )
                yield id_, str(body["site_id"]), "" if plain else _host(address)
    if not video:
        for id_, body in ask.book.standing("links", ask.cut - 1):
            yield id_, str(body["b_site"]), _host(str(body.get("far_address") or ""))


def _marks(ask: Question) -> Dict[str, Set[str]]:
    """As whom each object answered in the 168 h before the cut-off; a day tells its first and its last time (C2)."""
    found: Dict[str, Set[str]] = {}
    for _, row in ask.pack.rows("identities.csv"):
        if any(ask.cut - WEEK <= int(row[name]) < ask.cut for name in ("first_at", "last_at")):
            found.setdefault(row["object"], set()).add(row["identity"])
    return found


class Voices:
    """Who speaks for which unit: nobody does who shows anything that another unit shows too (C2)."""

    def __init__(self, ask: Question, video: bool, unit_of: Dict[str, str]) -> None:
        seen, marks = Sightings(ask), _marks(ask)
        register = dict(ask.book.standing("identities", ask.cut - 1))
        told = []
        behind: Dict[str, Set[str]] = {}
        for id_, site, address in _standing(ask, video):
            if site in unit_of:
                shown_as = set(marks.get(id_, ())) | ({"address:" + _spelled_once(address)} if address else set())
                told.append((site, shown_as, seen.of(id_)))
                for mark in shown_as:
                    behind.setdefault(mark, set()).add(unit_of[site])
        self.speaks: Dict[str, List[Tuple[str, Tuple[bool, bool, bool]]]] = {}
        self.shared: Set[str] = set()
        self.repeating: Set[str] = set()
        for site, shown_as, said in told:
            unit = unit_of[site]
            common = [mark for mark in shown_as if len(behind[mark]) > 1]
            if any(register.get(mark, {}).get("repeats") for mark in common):
                self.repeating.add(unit)
            owners = [
                unit_of.get(str(register.get(mark, {}).get("site_id")))
                for mark in common
                if not register.get(mark, {}).get("repeats")
            ]
            if all(owner == unit for owner in owners):
                self.speaks.setdefault(unit, []).append((site, said))
            else:
                self.shared.add(unit)


def _coverage(ask: Question) -> Found:
    book, cut = ask.book, ask.cut
    video, levels = ask.row["scope"]["network"] == "video", ask.row["scope"]["levels"]
    units = []
    for id_, body in book.standing("divisions", cut - 1):
        counts = body.get("counts_in_coverage")
        counts = body["level"] != "zone" if counts is None else counts
        if counts and (body["level"] in levels or body["level"] == "zone"):
            units.append(id_)
    unit_of, accepted = _places(ask, video)
    voices = Voices(ask, video, unit_of)
    lists: Dict[str, List[str]] = {each: [] for each in ("verified", "stale", "unmeasured", "undeclared", "none")}
    for unit in units:
        lists[_covered(accepted.get(unit, set()), voices.speaks.get(unit, []))].append(unit)
    claimed = sum(len(lists[each]) for each in ("verified", "stale", "unmeasured"))
    found = ask.share(lists, "verified", ["unmeasured"], claimed)
    beside = {"shared": sorted(voices.shared & set(units)), "repeating": sorted(voices.repeating & set(units))}
    return found._replace(lists={**found.lists, **beside})


def _places(ask: Question, video: bool) -> Tuple[Dict[str, str], Dict[str, Set[str]]]:
    """The unit of each site, and the sites of each unit that were accepted before the cut-off."""
    unit_of: Dict[str, str] = {}
    accepted: Dict[str, Set[str]] = {}
    for id_, body in ask.book.standing("sites", ask.cut - 1):
        planes = set(body.get("planes") or ())
        on_it = not planes or any((plane in _VIDEO) == video for plane in planes)
        at = ask.book.today("sites", id_, ask.cut - 1).get("accepted_on") if on_it else None
        if body.get("division_code"):
            unit_of[id_] = str(body["division_code"])
            if at is not None and at < ask.cut:
                accepted.setdefault(unit_of[id_], set()).add(id_)
    return unit_of, accepted


def _covered(accepted: Set[str], said: Sequence[Tuple[str, Tuple[bool, bool, bool]]]) -> str:
    if not accepted:
        return "undeclared" if any(ok for _, (ok, _, _) in said) else "none"
    mine = [each for site, each in said if site in accepted]
    if any(ok for ok, _, _ in mine):
        return "verified"
    failed, hidden = any(bad for _, bad, _ in mine), any(maybe for _, _, maybe in mine)
    return "stale" if failed and not hidden else "unmeasured"


class Steps(NamedTuple):
    """Which rows of a register count, and what makes one done."""

    register: str
    dates: Tuple[str, ...]
    documents: Tuple[str, ...]
    only: Tuple[str, object] = ("", None)
    has: str = ""
    instead: str = ""


STEPS = {
    "private_networks": Steps(
        "private_networks",
        ("migrated_on", "accepted_on", "old_line_closed_on"),
        ("acceptance_doc",),
        instead="old_line_doc",
    ),
    "extranet_integration": Steps("sites", ("integrated_on",), ("integration_doc",), ("to_integrate", True)),
    "cloud_integration": Steps("platforms", ("integrated_on",), ("integration_doc",), ("class", "cloud")),
    "component_completion": Steps(
        "systems", ("accepted_on",), ("acceptance_doc",), ("class", "common"), has="planned_doc"
    ),
    "systems_connected": Steps("systems", ("connected_on",), ("connection_doc",), ("class", "business")),
}


def _accepted(ask: Question) -> Found:
    """Dated, documented rows count; partial ones do not (C6)."""
    steps, cut = STEPS[ask.row["formula"]], ask.cut
    lists: Dict[str, List[str]] = {"done": [], "partial": [], "not_done": []}
    claimed = 0
    column, wanted = steps.only
    empty = {"class": "business", "to_integrate": False}.get(column)
    for id_, body in ask.book.standing(steps.register, cut - 1):
        if (column and (body.get(column) or empty) != wanted) or (steps.has and not body.get(steps.has)):
            continue
        if body.get("exempt_doc"):
            continue
        told = ask.book.today(steps.register, id_, cut - 1)
        dates = [told.get(name) for name in steps.dates]
        if steps.instead and told.get(steps.instead):
            dates.pop()
        past = [at is not None and at < cut for at in dates]
        claimed += past[0]
        done = all(past) and all(told.get(name) for name in steps.documents)
        lists["done" if done else "partial" if any(past) else "not_done"].append(id_)
    return ask.share(lists, "done", claimed=claimed)


def _use(ask: Question) -> Found:
    lists: Dict[str, List[str]] = {"used": [], "unused": [], "used_later": []}
    for id_, body in ask.book.standing("systems", ask.cut - 1):
        told = ask.book.today("systems", id_, ask.cut - 1)
        online, used = told.get("online_on"), told.get("used_on")
        if body.get("class") != "common" or body.get("exempt_doc") or online is None or online >= ask.cut:
            continue
        if used is None or not told.get("usage_doc") or used < ask.a:
            lists["unused"].append(id_)
        else:
            lists["used" if used < ask.cut else "used_later"].append(id_)
    return ask.share(lists, "used", ["used_later"])


def _video(ask: Question) -> Found:
    pairs = (
        ("channels", "assigned_channels"),
        ("concurrency", "assigned_concurrency"),
        ("bitrate_mbps", "assigned_mbps"),
        ("retention_days", "assigned_days"),
    )
    lists: Dict[str, List[str]] = {"supported": [], "unsupported": [], "untested": []}
    for id_, body in ask.book.standing("video_demands", ask.cut - 1):
        told = ask.book.today("video_demands", id_, ask.cut - 1)
        asked = [
            (int(Fraction(body[name]) * 10**6), int(Fraction(told.get(given) or 0) * 10**6))
            for name, given in pairs
            if body.get(name) is not None
        ]
        at = told.get("accepted_on")
        met = at is not None and at < ask.cut and told.get("acceptance_doc") and all(b >= a for a, b in asked)
        lists["untested" if not asked else "supported" if met else "unsupported"].append(id_)
    return ask.share(lists, "supported", ["untested"])


# -------------------- what people report

_NONE = Found(None, None, measured=False, computable=False)


def _rated(ask: Question, items: Iterable[Tuple[str, int, Optional[int], bool]]) -> Found:
    """Done before it is due; open and not yet due is outside (V5, V6)."""
    lists: Dict[str, List[str]] = {"in_time": [], "late": []}
    pending: List[str] = []
    for id_, due, done, again in items:
        closed = done is not None and done < ask.as_of
        if again or (closed and done is not None and done >= due) or (not closed and ask.as_of >= due):
            lists["late"].append(id_)
        else:
            (lists["in_time"] if closed else pending).append(id_)
    found = ask.share(lists, "in_time", events=True)
    return found._replace(pending=len(pending), lists={**found.lists, "pending": sorted(pending)})


def _data_issues(ask: Question) -> Found:
    days, calendar = int(ask.row["parameters"].get("working_days", 3)), ask.calendar
    items = []
    for id_ in ask.book.ids("data_issues"):
        body = ask.book.last("data_issues", id_)
        if ask.a <= body["issued_at"] < ask.cut:
            try:
                items.append((id_, calendar.due(body["issued_at"], days), body.get("rectified_at"), False))
            except NoYearError:
                return _NONE
    return _rated(ask, items)


def _incidents(ask: Question) -> Found:
    table, calendar = ask.row["parameters"].get("deadlines") or {}, ask.calendar
    if not table:
        return _NONE
    items = []
    for id_ in ask.book.ids("security_incidents"):
        body = ask.book.last("security_incidents", id_)
        began = min(body[name] for name in ("noticed_at", "found_at") if body.get(name) is not None)
        if began >= ask.cut:
            continue
        limit = table.get(str(body["severity"]))
        if limit is None:
            return _NONE
        try:
            hours = limit.get("hours")
            due = began + hours * HOUR if hours is not None else calendar.due(began, limit["working_days"])
        except NoYearError:
            return _NONE
        again = body.get("reopened_at")
        if ask.period[0] <= due < ask.period[1]:
            items.append((id_, due, body.get("verified_at"), again is not None and again < ask.as_of))
    return _rated(ask, items)


def _measures(ask: Question) -> Found:
    """The last signed figure of the period."""
    counts = ask.row["formula"] == "measure_count"
    told = []
    for id_ in ask.book.ids("measures"):
        body = ask.book.last("measures", id_)
        whole = body.get("denominator")
        if body.get("indicator") == ask.row["id"] and (whole is None) == counts and ask.a <= body["date"] < ask.cut:
            n, d = Fraction(body["numerator"]), Fraction(1 if whole is None else whole)
            scale = max(n.denominator, d.denominator)
            told.append(
                (body["date"], id_, (n.numerator * (scale // n.denominator), d.numerator * (scale // d.denominator)))
            )
    last = {ratio for at, _, ratio in told if at == max(each[0] for each in told)}
    if len(last) != 1:
        return _NONE
    ratio = last.pop()
    return Found(ratio, ratio, measured=ratio[1] > 0, counted=None if counts or not ratio[1] else ratio[1])


# -------------------- bandwidth support (C4)

BIN = 300 * SECOND
ENOUGH = BIN * 80 // 100


class Link(NamedTuple):
    """What C4 asks of one line; `known` has, of each direction, how full the known busy bins were."""

    contracted: int
    busy: Dict[int, int]
    known: Tuple[Dict[int, Fraction], Dict[int, Fraction]]
    good: int
    seen: int


def _link(ask: Question, id_: str, hours: Sequence[Cut], bins: Dict[str, List[Dict[str, str]]]) -> Link:
    service = ask.book.serving(id_) or [(ask.a, ask.cut)]
    times = [
        (low, high, body)
        for a, b, body in ask.book.dated(id_)
        for low, high in ((max(a, c, ask.a), min(b, d, ask.cut)) for c, d in service)
        if low < high
    ]
    busy: Dict[int, int] = {}
    for low, high, body in times:
        rate = round(Fraction(body["contracted_mbps"]) * 10**6)
        for a, b in hours:
            for start in range(-(-max(a, low) // BIN) * BIN, min(b, high), BIN):
                busy.setdefault(start, rate)
    known: Tuple[Dict[int, Fraction], Dict[int, Fraction]] = ({}, {})
    for low, high, body in times:
        for end in "ab":
            name = "%s#if/%s" % (body.get(end + "_device"), body.get(end + "_if"))
            for row in bins.get(name, ()):
                start, covered = int(row["start"]), int(row["covered_us"])
                if low <= start < high and start in busy and ENOUGH <= covered <= BIN:
                    out, in_ = int(row["bits_out"]), int(row["bits_in"])
                    for way, bits in enumerate((out, in_) if end == "a" else (in_, out)):
                        load = Fraction(bits * SECOND, covered * busy[start])
                        known[way][start] = max(load, known[way].get(start, load))
    contracted = Fraction(ask.book.at(id_, ask.cut - 1)["contracted_mbps"]) * 10**6
    return Link(contracted.numerator // contracted.denominator, busy, known, *_kept(ask, id_, busy))


def _kept(ask: Question, id_: str, busy: Iterable[int]) -> Cut:
    """Busy bins in which loss and delay kept their limits, and those that were measured."""
    good = seen = 0
    pieces, judged = part(ask.city.served(id_), ask.a, ask.cut), _judged(ask, id_)
    for start in busy:
        told = [p for p in part(pieces, start, start + BIN) if p.state not in (DARK, OUT)]
        enough = sum(p.b - p.a for p in part(judged, start, start + BIN)) >= ENOUGH
        broken = any(p.state == DOWN or p.why & (LOSS | RTT) for p in told)
        good += enough and not broken
        seen += enough or broken
    return good, seen


def _judged(ask: Question, id_: str) -> List[Piece]:
    """When the readings of the line itself were held against limits of tiers, by what starts and reloads say (E7)."""
    told = [row for _, row in ask.pack.rows("events.csv") if row["kind"] in ("start", "reload")]
    told.sort(key=lambda row: int(row["at"]))
    ends = [*(int(row["at"]) for row in told[1:]), FAR]
    force = [(int(row["at"]), end) for row, end in zip(told, ends) if json.loads(row["body"]).get("tiers")]
    heard = ask.city.ledger.own(id_, ask.city.until)
    return [p for a, b in merged(force) for p in part(heard, a, b) if p.state != DARK]


def _support(ask: Question) -> Found:
    given = ask.row["parameters"]
    full_share = Fraction(given.get("utilisation_percent", 70), 100)
    kept_share = Fraction(given.get("inside_percent", 99), 100)
    systems = [(id_, body) for id_, body in ask.book.standing("systems", ask.cut - 1) if body.get("class") != "common"]
    try:
        hours = list(ask.calendar.busy(ask.a, min(ask.cut, ask.as_of - BIN + 1)))
    except NoYearError:
        return _NONE
    bins: Dict[str, List[Dict[str, str]]] = {}
    for _, row in ask.pack.rows("bins.csv"):
        bins.setdefault(row["object"], []).append(row)
    there = {id_ for id_, _ in ask.book.standing("links", ask.cut - 1)}
    needs = {id_: set(map(str, body.get("required_links") or ())) for id_, body in systems}
    asked: Dict[str, int] = {}
    for id_, body in systems:
        rate = Fraction(body.get("demand_mbps") or 0) * 10**6
        for link in needs[id_] & there:
            asked[link] = asked.get(link, 0) - (-rate.numerator // rate.denominator)
    said = {id_: _tests(_link(ask, id_, hours, bins), asked[id_], full_share, kept_share) for id_ in asked}
    lists: Dict[str, List[str]] = {each: [] for each in ("supported", "unsupported", "no_demand", "undetermined")}
    for id_, body in systems:
        told = [said.get(link, (False, True)) for link in needs[id_]]
        if not all(high for _, high in told):
            how = "unsupported"
        elif body.get("demand_mbps") is None:
            how = "no_demand"
        else:
            how = "supported" if told and all(low for low, _ in told) else "undetermined"
        lists[how].append(id_)
    return ask.share(lists, "supported", ["no_demand", "undetermined"])


def _tests(link: Link, asked: int, full_share: Fraction, kept_share: Fraction) -> Tuple[bool, bool]:
    """Demand, fullness and quality of a line: certain, possible."""
    count = len(link.busy)
    rank = -(-count * 95 // 100)
    low = high = asked <= link.contracted
    for way in link.known:
        under = sum(load <= full_share for load in way.values())
        low = low and count > 0 and under >= rank
        high = high and (count == 0 or under + count - len(way) >= rank)
    low = low and count > 0 and link.good >= kept_share * count
    return low, high and link.good + count - link.seen >= kept_share * count


FORMULAS: Dict[str, Callable[[Question], Found]] = {
    "availability_composite": _availability,
    "clearing_rate": _clearing,
    "coverage": _coverage,
    "bandwidth_support": _support,
    "component_use": _use,
    "video_support": _video,
    "data_rectification": _data_issues,
    "security_rectification": _incidents,
    "measure": _measures,
    "measure_count": _measures,
    "redundant_time": _redundant_time,
    "redundant_lines": _redundant_lines,
    "dual_stack_time": _dual_stack,
    **dict.fromkeys(STEPS, _accepted),
}

LEFT = {
    "": (
        "图表外的说明文字、并列数值（F9 分类、按平台、分级等）",
        "figures beside the headline and the words around it",
    ),
    "clearing_rate": ("故障级别（P1–P4）与“重复”标记", "the priority of faults (P1 to P4) and the mark repeat"),
    "availability_composite": ("事后录入后的第二数值（A2）", "the second figure with later entries (A2)"),
    "bandwidth_support": ("N-1 数值", "the N-1 figure"),
    "told": (
        "文件中单条读数如何得出状态（S1–S5）；读数本身在 told.csv",
        "how single readings of files make states (S1 to S5); the readings stand in told.csv",
    ),
    "method": (
        "规划选项、各类缺省值、首次导入和首次所见的时刻：取自 method.json，无链上证明；与规划文件和文档比对",
        "options of the plan, defaults of kinds, first import and sighting: taken from method.json, not in the chain",
    ),
    "rows": (
        "本包是否遗漏了行：只能证明所列各行在账本中，不能证明没有遗漏；可用 verify --store 及重新导出比对",
        "whether rows were left out of the pack: inclusion is proven, completeness is not; verify --store shows it",
    ),
    "alone": (
        "各行是否出自账本、有无遗漏：本包没有链上证明；先封存（sla-agent seal），再导出证据包",
        "whether the rows are those of the ledger, and all of them: no proof of a chain; seal, then make the pack",
    ),
    "readings": (
        "采样如何得出状态变化（S1–S6）；只核对每个变化保留的读数",
        "how readings make edges (S1 to S6) beyond the readings that each edge keeps",
    ),
}
MADE = {
    "time": (
        "按状态变化与服务期重算各对象时间线（A1–A8），再得分子、分母、上下界",
        "timelines of all objects from edges and dates of service (A1 to A8), then numerator, denominator, bounds",
    ),
    "faults": (
        "由时间线、维护窗口、拓扑和服务台记录重算全部故障（F1–F8、F10、F11），再得 3 小时处置率",
        "all faults from timelines, windows, topology and desk rows (F1 to F8, F10, F11), then the 3-hour rate",
    ),
    "objects": (
        "由对象清单及其日期、文件、所见读数和身份标识重算分子、分母、上下界",
        "numerator, denominator and bounds from objects, their dates, documents, sightings and identities",
    ),
    "records": (
        "由录入记录重算分子、分母、上下界",
        "numerator, denominator and bounds from the records that people entered",
    ),
    "verdict": (
        "结论、显示值、目标值（取自原表印刷文字）",
        "verdict, printed figure, target (from the plan's printed text)",
    ),
}
_SORTS = {
    "availability_composite": "time",
    "redundant_time": "time",
    "redundant_lines": "time",
    "dual_stack_time": "time",
    "clearing_rate": "faults",
    "data_rectification": "records",
    "security_rectification": "records",
    "measure": "records",
    "measure_count": "records",
}


# -------------------- the whole


def recompute(pack: Pack, talk: Talk, language: str) -> None:
    """Make the number from the rows and hold it against what the pack says."""
    method, row = pack.document("method.json"), pack.document("row.json")
    if int(method["pack_format"]) != FORMAT:
        raise Wrong(
            "damaged", file="method.json", why="pack_format %s; use the pack's own verify.py" % method["pack_format"]
        )
    if method["simulated"]:
        talk.say("simulated")
    ask = Question(pack, method, row)
    found = FORMULAS[row["formula"]](ask)
    place = 0 if language == "zh" else 1
    talk.say("made", what=MADE[_SORTS.get(row["formula"], "objects")][place])
    talk.say("made", what=MADE["verdict"][place])
    _compare(pack, talk, ask, found)
    _compare_windows(pack, talk, ask)
    _compare_service(pack, talk, ask)
    if ask.faults is not None:
        _compare_faults(pack, talk, ask)
    _compare_readings(pack, talk)
    _compare_gaps(pack, talk, ask)
    _compare_counted(pack, talk, found)
    for name in (
        "",
        row["formula"],
        "readings",
        "method",
        "alone" if talk.alone else "rows",
        *(["told"] if _has_told(pack) else []),
    ):
        if name in LEFT:
            talk.say("left", what=LEFT[name][place])


def _has_told(pack: Pack) -> bool:
    return any(True for _ in pack.rows("told.csv"))


def _compare(pack: Pack, talk: Talk, ask: Question, found: Found) -> None:
    theirs, unit = pack.document("figure.json"), ask.row["unit"]
    ours = {
        "low": _listed_pair(found.low),
        "high": _listed_pair(found.high),
        "best": _listed_pair(found.best),
        "worst": _listed_pair(found.worst),
        "claimed": _listed_pair(found.claimed),
        "n": found.value[0] if found.value else None,
        "d": found.value[1] if found.value else None,
        "display": shown(found, ask.target, unit),
        "verdict": verdict_of(found.low, found.high, ask.target, found.computable),
        "provisional": ask.running and not is_final(found, ask.target),
        "late": found.late,
        "pending": found.pending,
        "allowed": misses(found, ask.target),
        "lists": {name: ids for name, ids in found.lists.items() if ids},
    }
    for name, value in ours.items():
        stated = theirs.get(name)
        if name == "lists":
            stated = {each: stated.get(each, []) for each in found.lists if stated.get(each)}
        if stated != value:
            talk.wrong("differs", name="figure.json " + name, theirs=_short(stated), ours=_short(value))
        elif name in ("low", "high", "display", "verdict"):
            talk.say("equal", name=name, value=_short(value))
    if list(ask.period) != [method_at(ask, "start"), method_at(ask, "end")]:
        talk.wrong(
            "differs",
            name="method.json period",
            theirs=[method_at(ask, "start"), method_at(ask, "end")],
            ours=list(ask.period),
        )


def method_at(ask: Question, name: str) -> int:
    """A border of the period as the pack states it."""
    return int(ask.method["period_" + name])


def _listed_pair(ratio: Pair) -> Optional[List[int]]:
    return list(ratio) if ratio is not None and ratio[1] else None


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) < 200 else text[:200] + " …"


def _compare_windows(pack: Pack, talk: Talk, ask: Question) -> None:
    mine = {(each.id, str(each.version)): each for each in ask.city.windows.rulings}
    for line, row in pack.rows("windows.csv"):
        ruling = mine.get((row["window_id"], row["version"]))
        ours = (
            None
            if ruling is None
            else {
                "counts": "1" if ruling.counts else "0",
                "effective_from": str(ruling.a) if ruling.counts else "",
                "effective_to": str(ruling.b) if ruling.counts else "",
            }
        )
        for field, value in (ours or {"window_id": "-"}).items():
            if row[field] != value:
                talk.wrong("rows_differ", file="windows.csv", line=line, field=field, theirs=row[field], ours=value)


def _compare_service(pack: Pack, talk: Talk, ask: Question) -> None:
    for line, row in pack.rows("objects.csv"):
        ours = ";".join("%d/%d" % cut for cut in ask.city.service(row["object"]))
        if row["service"] != ours:
            talk.wrong("rows_differ", file="objects.csv", line=line, field="service", theirs=row["service"], ours=ours)


def _compare_gaps(pack: Pack, talk: Talk, ask: Question) -> None:
    """Time that is not known, and why."""
    rows = itertools.groupby(pack.rows("gaps.csv"), key=lambda each: each[1]["object"])
    stated = {name: [(line, row["from"], row["to"], row["cause"]) for line, row in of_it] for name, of_it in rows}
    for _, row in pack.rows("objects.csv"):
        name = row["object"]
        theirs = stated.pop(name, [])
        known = full(ask.city.served(name), ask.a, ask.cut)
        ours = [(str(piece.a), str(piece.b), piece.cause) for piece in known if piece.state == DARK]
        if [each[1:] for each in theirs] != ours:
            line = next(
                (each[0] for each, mine in zip(theirs, ours) if each[1:] != mine), theirs[-1][0] if theirs else 0
            )
            talk.wrong("rows_differ", file="gaps.csv", line=line, field=name, theirs=_short(theirs), ours=_short(ours))
    for name, rows_of_it in stated.items():
        talk.wrong("rows_differ", file="gaps.csv", line=rows_of_it[0][0], field="object", theirs=name, ours="-")


def _compare_counted(pack: Pack, talk: Talk, found: Found) -> None:
    """What each object of a share counts as."""
    ours: Dict[str, str] = {}
    for status, ids in found.lists.items():  # what is said beside an object's status comes after it
        for id_ in ids:
            ours.setdefault(id_, status)
    for line, row in pack.rows("counted.csv"):
        mine = ours.pop(row["object"], None)
        is_status = row["status"] in found.lists
        if (mine is not None or is_status) and row["status"] != mine:
            talk.wrong("rows_differ", file="counted.csv", line=line, field="status", theirs=row["status"], ours=mine)
    for id_, status in ours.items():
        talk.wrong("rows_differ", file="counted.csv", line=0, field=id_, theirs="-", ours=status)


def _compare_faults(pack: Pack, talk: Talk, ask: Question) -> None:
    assert ask.faults is not None
    mine = {fault.id: fault for fault in ask.faults.all()}
    a, b = ask.period
    missing = {id_ for id_, fault in mine.items() if a <= fault.start < b}
    for place, stated in enumerate(pack.document("faults.json")["faults"]):
        fault = mine.get(stated["id"])
        missing.discard(stated["id"])
        if fault is None:
            talk.wrong("differs", name="faults.json %s" % stated["id"], theirs=stated["root"], ours="-")
            continue
        said = json.loads(json.dumps(fault._asdict()))
        for name in (
            "root",
            "role",
            "start",
            "onset",
            "restored",
            "ended",
            "outcome",
            "members",
            "overrun",
            "residual",
            "withdrawn",
            "source",
        ):
            if stated[name] != said[name]:
                talk.wrong(
                    "rows_differ",
                    file="faults.json",
                    line=place + 2,
                    field="%s %s" % (stated["id"], name),
                    theirs=_short(stated[name]),
                    ours=_short(said[name]),
                )
    for id_ in sorted(missing):
        talk.wrong("differs", name="faults.json", theirs="-", ours=id_ + " " + mine[id_].root)


def _compare_readings(pack: Pack, talk: Talk) -> None:
    """Words, numbers and readings beside an edge are those of its row; DOWN rests on a failed reading (E6, S3)."""
    words = {row["id"]: row["text"] for _, row in pack.rows("words.csv")}
    numbers = {row["object"]: row["component"] for _, row in pack.rows("objects.csv")}
    beside = itertools.groupby(pack.rows("readings.csv"), key=lambda each: _edge_of(each[1]))
    key, told = next(beside, (None, iter(())))
    borne = 0
    for line, row in pack.rows("timelines.csv"):
        ours = {"component": numbers.get(row["object"], "-")}
        if row["source"] == "edge":
            ours["cause"] = words.get(row["cause_word"], "-")
            stated: List[Tuple[int, int, str, int]] = []
            if key == _edge_of(row):
                stated = [(int(r["at"]), int(r["outcome"]), r["reason"], int(r["over"])) for _, r in told]
                key, told = next(beside, (None, iter(())))
            if stated != list(unpacked(int(row["at"]), bytes.fromhex(row["evidence"]), words)):
                ours["evidence"] = "readings.csv " + _short(stated)
            elif stated:
                wanted = {"down": 2, "up": 1, "degraded": 1}.get(row["state"])
                borne += 1
                if wanted is not None and all(each[1] != wanted for each in stated):
                    ours["state"] = "readings " + _short(stated)
        for field, value in ours.items():
            if row[field] != value:
                talk.wrong("rows_differ", file="timelines.csv", line=line, field=field, theirs=row[field], ours=value)
    if key is not None:
        talk.wrong("differs", name="readings.csv", theirs=_short(key), ours="-")
    if borne:
        talk.say("readings_ok", edges=borne)


def _edge_of(row: Dict[str, str]) -> Tuple[str, str, str, str]:
    return row["object"], row["vantage"], row["boot_no"], row["seq"]


def unpacked(at: int, packed: bytes, words: Dict[str, str]) -> Iterator[Tuple[int, int, str, int]]:
    """The readings that an edge keeps: when (as a signed distance), outcome, reason by number, limits broken."""
    place = 0

    def number() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = packed[place]
            place += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while place < len(packed):
        away = number()
        outcome = packed[place]
        place += 1
        reason, over = words.get(str(number()), "-"), number()
        yield at + (away >> 1 if not away & 1 else -((away + 1) >> 1)), outcome, reason, over


# -------------------- the chain

Recipe = Tuple[str, str, Callable[[Dict[str, str]], bool], Tuple[str, ...], Tuple[str, ...]]
"""File, table, which rows, columns of the key, other columns. Shape: a column is `name` for a number, `name!` for text,
`name?` for bytes in hexadecimal, `name=` for a state by its name."""


def _always(_: Dict[str, str]) -> bool:
    return True


RECIPES: Tuple[Recipe, ...] = (
    (
        "timelines.csv",
        "edges",
        lambda row: row["source"] == "edge",
        ("component", "vantage", "boot_no", "seq"),
        ("at", "state=", "degraded", "cause_word", "uncertainty", "evidence?"),
    ),
    (
        "timelines.csv",
        "imported_spans",
        lambda row: row["source"] == "file",
        ("component", "at"),
        ("until", "state=", "import"),
    ),
    ("told.csv", "imported_readings", _always, ("component", "at"), ("outcome", "interval", "over", "import")),
    (
        "objects.csv",
        "components",
        lambda row: row["measured"] == "1",
        ("component",),
        ("target!", "part!", "kind!", "recorded_at"),
    ),
    (
        "registers.csv",
        "register_rows",
        _always,
        ("register!", "id!", "version"),
        ("valid_from", "valid_to", "body!", "recorded_at", "recorded_by!", "import"),
    ),
    ("events.csv", "records", _always, ("vantage", "boot_no", "seq"), ("at", "kind!", "body!", "recorded_by!")),
    (
        "runs.csv",
        "runs",
        _always,
        ("vantage", "boot_no"),
        ("boot_id!", "started_at", "floor", "heartbeat_at", "stopped_at", "open_from", "version!", "pid"),
    ),
    ("identities.csv", "identities", _always, ("day", "component", "identity!"), ("first_at", "last_at")),
    ("runs.csv", "gaps", lambda row: row["gap_at"] != "", ("vantage", "boot_no"), ("gap_at",)),
    ("runs.csv", "vantages", _always, ("vantage",), ("name!",)),
    ("words.csv", "words", _always, ("id",), ("text!",)),
)


def _value(row: Dict[str, str], column: str) -> object:
    name, mark = (column[:-1], column[-1]) if column[-1] in "!?=" else (column, "")
    text = row[name]
    if mark == "!":
        return text
    if mark == "?":
        return {"hex": text}
    if mark == "=":
        return STATES[text]
    return None if text == "" else int(text)


def _spelled(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()


class Chain:
    """Leaves of the pack's rows, climbed to the roots of the heads."""

    def __init__(self, pack: Pack, talk: Talk, chain: Body) -> None:
        self.pack, self.talk = pack, talk
        self.heads = {int(head["number"]): head for head in chain["heads"]}
        self.seals = chain["seals"]
        self.rows: Dict[Tuple[str, bytes], Tuple[bytes, str, int]] = {}
        for file, table, fits, keys, columns in RECIPES:
            for line, row in (
                pack.rows(file) if pack.has(file) else ()
            ):  # a pack of an older form is refused by its form
                if fits(row):
                    self._take(
                        table, [_value(row, key) for key in keys], [_value(row, c) for c in columns], (file, line)
                    )

    def _take(self, table: str, key: List[object], columns: List[object], place: Tuple[str, int]) -> None:
        self.rows[table, _spelled(key)] = (_spelled([table, key, columns]), *place)

    def links(self) -> bool:
        """Each head is what its digest says, and goes on from the one before."""
        before = ""
        for number in sorted(self.heads):
            head = self.heads[number]
            order = ("number", "kind", "since", "until", "algorithm", "rows", "root", "before", "said", "form")
            made = _hashed(head["algorithm"], 2, _spelled([head[name] for name in order])).hex()
            if made != head["digest"] or head["before"] != before:
                self.talk.wrong("chain_bad", what="head %d" % number)
                return False
            before = head["digest"]
        sound = [self._seal(seal) for seal in self.seals]
        return all(sound)

    def _seal(self, seal: Body) -> bool:
        order = (
            "number",
            "period",
            "revision",
            "zone",
            "sealed_at",
            "sealed_by",
            "algorithm",
            "first_head",
            "last_head",
            "last_digest",
            "heads",
            "figures",
            "said",
            "before",
            "form",
        )
        made = _hashed(seal["algorithm"], 3, _spelled([seal[name] for name in order])).hex()
        digests = [bytes.fromhex(self.heads[n]["digest"]) for n in range(seal["first_head"], seal["last_head"] + 1)]
        nodes = digests
        while len(nodes) > 1:
            above = [_hashed(seal["algorithm"], 1, nodes[at] + nodes[at + 1]) for at in range(0, len(nodes) - 1, 2)]
            nodes = above + ([nodes[-1]] if len(nodes) % 2 else [])
        sound = made == seal["digest"] and (not nodes or nodes[0].hex() == seal["heads"])
        if not sound:
            self.talk.wrong("chain_bad", what="seal %d" % seal["number"])
        return sound

    def prove(self) -> Tuple[int, int, Set[Tuple[str, bytes]]]:
        """Every row to the root of its head: how many rows, of how many heads, and which."""
        siblings: Dict[int, Dict[Tuple[int, int], bytes]] = {}
        for _, row in self.pack.rows("siblings.csv"):
            of_head = siblings.setdefault(int(row["head"]), {})
            of_head[int(row["level"]), int(row["place"])] = bytes.fromhex(row["digest"])
        proven: Set[Tuple[str, bytes]] = set()
        hours = 0
        for number, of_it in itertools.groupby(self.pack.rows("proofs.csv"), key=lambda each: int(each[1]["head"])):
            head = self.heads[number]
            leaves: Dict[int, bytes] = {}
            for line, row in of_it:
                name = (row["table"], row["key"].encode())
                if name not in self.rows:
                    self.talk.wrong("chain_bad", what="proofs.csv %d: %s %s" % (line, row["table"], row["key"]))
                    continue
                leaves[int(row["place"])] = _hashed(head["algorithm"], 0, self.rows[name][0])
                proven.add(name)
            hours += 1
            if not self._reaches(head, leaves, siblings.get(number, {})):
                self.talk.wrong("chain_bad", what="head %d: rows of the pack do not lead to its root" % number)
        return len(proven), hours, proven

    @staticmethod
    def _reaches(head: Body, leaves: Dict[int, bytes], beside: Dict[Tuple[int, int], bytes]) -> bool:
        width, level, nodes = int(head["rows"]), 0, leaves
        while width > 1:
            above: Dict[int, bytes] = {}
            for place in nodes:
                pair = [nodes.get(each) or beside.get((level, each)) for each in (place & ~1, place | 1)]
                if place | 1 >= width:
                    above[place // 2] = nodes[place]
                elif pair[0] is None or pair[1] is None:
                    return False
                else:
                    above[place // 2] = _hashed(head["algorithm"], 1, pair[0] + pair[1])
            width, level, nodes = (width + 1) // 2, level + 1, above
        return nodes.get(0, b"").hex() == str(head["root"])


def _hashed(algorithm: str, what: int, data: bytes) -> bytes:
    try:
        return hashlib.new(algorithm, bytes([what]) + data).digest()
    except ValueError:
        raise Wrong("chain_bad", what="this Python cannot make " + algorithm) from None


def check_chain(pack: Pack, talk: Talk) -> List[str]:
    """Rows to hour heads, heads to the last one and to seals. The digests that a witness may have kept."""
    said = pack.document("chain.json")
    if said.get("why_not"):
        talk.alone = True
        talk.say("no_chain", why=said["why_not"][talk.language])
        return []
    chain = Chain(pack, talk, said)
    if not chain.links():
        return []
    rows, hours, proven = chain.prove()
    left = len(chain.rows) - rows
    talk.say("chain_ok", rows=rows, hours=hours, last=max(chain.heads), seals=len(chain.seals))
    if left:
        tables = sorted({table for table, _ in set(chain.rows) - proven})
        talk.say("chain_open", n=left, why=", ".join(tables))
    for name in ("bins.csv", "sightings.csv"):
        count = sum(1 for _ in pack.rows(name))
        if count:
            talk.say("chain_open", n=count, why=name)
    names = sorted({*said["witnesses"], *(name for seal in said["seals"] for name in seal["witnesses"])})
    if names:
        talk.say("witness", names=", ".join(names))
    else:
        talk.say("no_witness")
    return [head["digest"] for head in chain.heads.values()] + [seal["digest"] for seal in said["seals"]]


def _expected(talk: Talk, expect: str, digest: str, heads: Sequence[str]) -> None:
    """A digest of the pack, of a head or of a seal, or at least its first 16 digits, with its algorithm or without."""
    digits = expect.strip().lower().rpartition(":")[2]
    if len(digits) >= 16 and any(each.startswith(digits) for each in (digest, *heads)):
        talk.say("expected", what=digits)
    else:
        talk.wrong("unexpected", want=expect, digest=digest, heads=", ".join(heads[-1:]) or "-")


def verify(path: str, language: str, expect: Optional[str]) -> Tuple[int, str]:
    """Check a pack: exit status, and what is to be said."""
    talk = Talk(language)
    try:
        pack = Pack(path)
        digest = check_files(pack, talk)
        if not talk.bad:
            heads = check_chain(pack, talk)
            if expect is not None:
                _expected(talk, expect, digest, heads)
            recompute(pack, talk, language)
    except Wrong as exc:
        talk.wrong(exc.code, **exc.values)
        talk.say("ask")
    except (KeyError, ValueError, TypeError, IndexError, AttributeError, AssertionError) as exc:
        talk.wrong("damaged", file=path, why="%s: %s" % (type(exc).__name__, exc))
    return (1 if talk.bad else 0), talk.end()


def main(words: Optional[Sequence[str]] = None) -> int:
    """The command."""
    csv.field_size_limit(2**27)
    parser = argparse.ArgumentParser(description="Checks an evidence pack 核对证据包")
    parser.add_argument("pack")
    parser.add_argument("--lang", choices=("zh", "en"), default="zh")
    parser.add_argument("--expect", metavar="DIGEST", help="what a witness kept 见证方保存的摘要")
    given = parser.parse_args(words)
    status, text = verify(given.pack, given.lang, given.expect)
    with io.open(sys.stdout.fileno(), "w", encoding="utf-8", closefd=False) as out:
        out.write(text)
    return status


if __name__ == "__main__":
    sys.exit(main())
