"""The reliability pages name every torture and every option, with the defaults that the code has, in both languages."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = ("docs/reliability.md", "docs/reliability.zh.md")
MEASURE = re.compile(r'measure\("(\w+)", ([0-9_]+), ([0-9_]+)\)')


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def options() -> dict[str, str]:
    """SLA_TORTURE_… → "deep (short)", or the one value where depth makes no difference."""
    found = {}
    for path in sorted((ROOT / "tests/torture").glob("test_*.py")):
        for name, short, deep in MEASURE.findall(path.read_text(encoding="utf-8")):
            few, many = int(short), int(deep)
            found[f"SLA_TORTURE_{name}"] = str(many) if few == many else f"{many} ({few})"
    return found


def test_every_option_stands_in_both_pages_with_its_defaults_and_nothing_more() -> None:
    for page in PAGES:
        rows = re.findall(r"^\| `(SLA_TORTURE_\w+)` \| ([^|]+) \|", read(page), re.MULTILINE)
        assert dict(rows) == options(), page


def test_every_torture_stands_in_both_pages() -> None:
    files = {path.stem for path in (ROOT / "tests/torture").glob("test_*.py")}
    for page in PAGES:
        assert set(re.findall(r"^\| `(test_\w+)` \|", read(page), re.MULTILINE)) == files, page


def test_both_languages_show_the_same_output() -> None:
    english, chinese = (re.findall(r"^```.*?^```$", read(page), re.MULTILINE | re.DOTALL) for page in PAGES)
    assert english == chinese
    assert english
