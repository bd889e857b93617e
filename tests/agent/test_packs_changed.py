"""E4: whatever is changed in a pack is named; the bytes of a pack follow from the store; the verifier stands alone."""

import ast
import csv
import hashlib
import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import agent
import sla
from agent.packs import verify
from agent.packs.build import verifier
from agent.packs.writing import PackFile
from agent.plans import plan_by_id
from agent.stores import sealed, witnessing
from sla.seal import Seal
from tests.agent.figure_cases import NOW, Books, books
from tests.agent.pack_worlds import head, pack, rewritten
from tests.agent.report_worlds import city, simulated


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of the 3-hour rate with proofs of the chain."""
    with books() as made:
        city(made)
        head(made, NOW - 2000)
        made.enter("sites", "site_id,name", "S-NEW,新址", recorded="2026-05-20")
        seal(made, head(made, NOW - 1000))
        plan = plan_by_id("ankang")
        row = next(row for row in plan.rows if row.formula == "clearing_rate")
        return pack(made, plan, row, tmp_path_factory.mktemp("packs") / "whole.zip", period="2025", now=NOW)


def seal(made: Books, last: str) -> None:
    """A seal over both heads, which a witness has."""
    db = made.writer._db
    heads = sealed.heads_root(db, "sha256", 1, 2)
    kept = Seal(1, "2026-04", 1, "Asia/Shanghai", NOW, "agent", "sha256", 1, 2, last, heads, {}, {"why": "月"}, "")
    sealed.add(db, kept, {})
    witnessing.queue(db, ["档案局"], witnessing.SEAL, 1, "x", NOW)
    witnessing.delivered(db, [1], NOW)


def test_seals_and_witnesses_are_held(whole: Path, tmp_path: Path) -> None:
    said = verify.verify(str(whole), "en", None)[1]
    assert "by 2 hour heads; heads up to 2 and 1 seals hold" in said
    assert "witnesses: 档案局" in said
    forged = remade(whole, tmp_path, "chain.json", lambda text: text.replace('"2026-04"', '"2026-03"'))
    assert "! the chain does not hold: seal 1" in verify.verify(str(forged), "en", None)[1]
    forged = remade(whole, tmp_path, "chain.json", lambda text: text.replace('"kind": "hour"', '"kind": "day"', 1))
    assert "! the chain does not hold: head 1" in verify.verify(str(forged), "en", None)[1]


def remade(path: Path, folder: Path, name: str, change: Callable[[str], str]) -> Path:
    """A pack with one file changed and all its digests made anew."""
    forged = folder / "forged.zip"
    with zipfile.ZipFile(path) as opened, forged.open("wb") as out:
        file = PackFile(out)
        for each in sorted(set(opened.namelist()) - {"MANIFEST", "CHECKS"}):
            text = opened.read(each).decode()
            changed = change(text) if each == name else text
            assert each != name or changed != text
            if each.endswith(".csv"):
                rows = [row[:-1] for row in csv.reader(io.StringIO(changed))]
                file.table(each, rows[0], rows[1:])
            else:
                file.text(each, changed)
        file.finish()
    return forged


def test_a_pack_of_an_older_form_is_refused_by_its_form(whole: Path, tmp_path: Path) -> None:
    """What it lacks must not be taken for nothing seen."""
    old = remade(whole, tmp_path, "method.json", lambda text: text.replace('"pack_format": 2', '"pack_format": 1'))
    status, said = verify.verify(str(old), "en", None)
    assert (status, "pack_format 1; use the pack's own verify.py" in said) == (1, True)


def digits(data: bytes, dice: random.Random) -> int:
    """The place of one digit."""
    return dice.choice([place for place, byte in enumerate(data) if chr(byte).isdecimal()])


def flip(data: bytes, place: int) -> bytes:
    """Another digit there."""
    return data[:place] + str((int(chr(data[place])) + 1) % 10).encode() + data[place + 1 :]


def test_one_digit_of_any_file_is_named(whole: Path, tmp_path: Path) -> None:
    dice = random.Random(7)
    with zipfile.ZipFile(whole) as opened:
        files = {name: opened.read(name) for name in opened.namelist()}
    for name, data in files.items():
        for _ in range(3 if any(chr(byte).isdecimal() for byte in data) else 0):
            place = digits(data, dice)
            changed = rewritten(whole, name, flip(data, place), tmp_path / "changed.zip")
            status, said = verify.verify(str(changed), "en", None)
            assert status == 1, name
            line = data[:place].count(b"\n") + 1
            assert f"! {name} line {line}, field " in said, f"{name} {place}\n{said}"


def test_the_field_of_a_table_is_named(whole: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(whole) as opened:
        data = opened.read("timelines.csv")
    lines = data.split(b"\n")
    fields = lines[4].split(b",")
    column = lines[0].split(b",").index(b"at")
    fields[column] = flip(fields[column], 5)
    lines[4] = b",".join(fields)
    changed = rewritten(whole, "timelines.csv", b"\n".join(lines), tmp_path / "changed.zip")
    assert "! timelines.csv line 5, field at: changed" in verify.verify(str(changed), "en", None)[1]


def test_a_pack_written_anew_fails_at_the_chain(whole: Path, tmp_path: Path) -> None:
    """Whoever changes a row and makes all digests of the pack anew still has the heads against him."""
    forged = remade(whole, tmp_path, "timelines.csv", lambda text: text.replace(",down,", ",up,", 1))
    status, said = verify.verify(str(forged), "en", None)
    assert status == 1
    assert "the chain does not hold" in said


def test_damage_and_strangers(whole: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.zip"
    cut.write_bytes(whole.read_bytes()[:-200])
    assert verify.verify(str(cut), "en", None)[0] == 1
    data = bytearray(whole.read_bytes())
    data[len(data) // 2] ^= 255
    broken = tmp_path / "broken.zip"
    broken.write_bytes(bytes(data))
    assert verify.verify(str(broken), "en", None)[0] == 1
    more = tmp_path / "more.zip"
    more.write_bytes(whole.read_bytes())
    with zipfile.ZipFile(more, "a") as opened:
        opened.writestr("extra.txt", "x")
    assert "does not name: extra.txt" in verify.verify(str(more), "en", None)[1]


def test_expect(whole: Path) -> None:
    said = verify.verify(str(whole), "en", None)[1]
    digest = said.split("digest of the pack: ")[1].split()[0]
    assert verify.verify(str(whole), "en", digest)[0] == 0
    with zipfile.ZipFile(whole) as opened:
        last = json.loads(opened.read("chain.json"))["heads"][-1]["digest"]
    assert verify.verify(str(whole), "en", f"sha256:{last[:20]}")[0] == 0
    assert verify.verify(str(whole), "en", last[:8])[0] == 1
    assert verify.verify(str(whole), "en", "0" * 64)[0] == 1


def test_the_same_store_gives_the_same_bytes(tmp_path: Path) -> None:
    plan = plan_by_id("ankang")
    with books() as made:
        city(made)
        simulated(made)
        for row in plan.rows[9:12]:
            one, two = (
                pack(made, plan, row, tmp_path / f"{n}.zip", period="2025", now=NOW + n, as_of=NOW) for n in (0, 1)
            )
            assert one.read_bytes() == two.read_bytes()
            with zipfile.ZipFile(one) as opened:
                assert opened.namelist() == sorted(opened.namelist())
                assert "模拟数据 SIMULATED" in opened.read("README.txt").decode()
            assert "模拟数据 SIMULATED" in verify.verify(str(one), "en", None)[1]


def bodies(tree: ast.AST) -> dict[str, str]:
    """What each function does, without its name, words and annotations, by that."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            plain = [
                each for each in node.body if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
            ]
            text = ast.dump(ast.Module(plain, []))
            if len(plain) > 1 or len(text) > 400:
                found[text] = node.name
    return found


def test_the_verifier_shares_no_function_with_the_engine() -> None:
    mine = bodies(ast.parse(verifier()))
    roots = [Path(str(package.__file__)).parent for package in (agent, sla)]
    others = [
        file for root in roots for file in root.rglob("*.py") if file.name != "verify.py" or "packs" not in str(file)
    ]
    assert len(others) > 100
    shared = {}
    for file in others:
        theirs = bodies(ast.parse(file.read_text(encoding="utf-8")))
        shared |= {mine[each]: f"{file.name} {theirs[each]}" for each in mine.keys() & theirs.keys()}
    assert not shared


def test_the_verifier_needs_only_the_library_of_an_old_python() -> None:
    tree = ast.parse(verifier(), feature_version=(3, 8))
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    import sys

    assert imported <= {*sys.stdlib_module_names, "__future__"}
    assert "zoneinfo" not in imported


def test_a_manifest_made_anew_after_a_change_is_told_where_the_change_is(whole: Path, tmp_path: Path) -> None:
    dice = random.Random(11)
    with zipfile.ZipFile(whole) as opened:
        files = {name: opened.read(name) for name in opened.namelist()}
    for name in sorted(set(files) - {"MANIFEST", "CHECKS"}):
        if not any(chr(byte).isdigit() for byte in files[name]):
            continue
        place = digits(files[name], dice)
        changed = {**files, name: flip(files[name], place)}
        path = tmp_path / "changed.zip"
        with zipfile.ZipFile(path, "w") as out:
            for each, data in {**changed, "MANIFEST": manifest(changed)}.items():
                out.writestr(each, data)
        status, said = verify.verify(str(path), "en", None)
        assert status == 1, name
        line, by = files[name][:place].count(b"\n") + 1, name if name.endswith(".csv") else "CHECKS"
        assert f"! {name} line {line}, field " in said, said
        assert f"denied by its check in {by}, while MANIFEST agrees" in said
        assert "line 0" not in said
        assert "what to do: it is not as it was made, do not use it; ask its maker" in said
        assert "如何处理：这份证据包不是出具时的样子" in verify.verify(str(path), "zh", None)[1]


def manifest(files: dict[str, bytes]) -> bytes:
    """As the writer of packs makes it."""
    names = [name for name in sorted(files) if name != "MANIFEST"]
    body = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {len(files[name])}  {name}\n" for name in names)
    return (body + f"pack {hashlib.sha256(body.encode()).hexdigest()}\n").encode()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda data: data.replace(b"\n", b"\r\n"), 1),
        (lambda data: b"\xef\xbb\xbf" + data, 1),
        (lambda data: data.replace(b"  ", b" "), 1),
        (lambda data: b"", 1),
        (lambda data: data[: data.rindex(b"pack ")], -1),
        (lambda data: data + b"\n", 0),
    ],
)
def test_a_manifest_that_an_editor_spoilt_is_named_itself(
    whole: Path, tmp_path: Path, change: Callable[[bytes], bytes], line: int
) -> None:
    with zipfile.ZipFile(whole) as opened:
        data = opened.read("MANIFEST")
    changed = rewritten(whole, "MANIFEST", change(data), tmp_path / "changed.zip")
    status, said = verify.verify(str(changed), "en", None)
    assert status == 1
    wanted = line if line > 0 else data.count(b"\n") + line
    assert f"! MANIFEST line {wanted}, field " in said
    assert said.count("!") == 1, "nothing else is held to be wrong"
    assert "what to do:" in said
