"""Files of the working-day calendar: what is wrong with one is said by file and line."""

from pathlib import Path

import pytest

from agent.errors import UsageError
from agent.workdays import built_in, calendar_of, read_year

GOOD = """year: 2027
notices:
  - document: 国办发明电〔2026〕1号
holidays:
  - {name: 元旦, first: 2027-01-01, last: 2027-01-03}
working:
  - 2027-01-09
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "2027.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_of_one_year(tmp_path: Path) -> None:
    year = read_year(written(tmp_path, GOOD))
    assert (year.year, year.documents) == (2027, ("国办发明电〔2026〕1号",))
    assert (len(year.off), [day.isoformat() for day in year.working]) == (3, ["2027-01-09"])


def test_the_files_of_the_program_are_all_there() -> None:
    assert sorted(built_in().years) == list(range(2020, 2027))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("year: 2027", "year: 27", "2027.yml:1: year: got 27, wanted a year"),
        ("working:", "workin:", "2027.yml:6: workin: got the unknown key"),
        ("document: ", "dokument: ", "2027.yml:2: notices: wanted at least one notice"),
        ("first: 2027-01-01", "first: 2027-13-01", "2027.yml:5: holidays[0].first: got 2027-13-01, wanted a date"),
        ("last: 2027-01-03", "last: 2026-12-30", "wanted 2027-01-01 or up to 30 days later"),
        ("  - 2027-01-09", "  - 2027-01-11", "wanted a Saturday or Sunday"),
        ("  - 2027-01-09", "  - 2027-01-02", "as a day off and as a working day"),
        ("working:\n  - 2027-01-09", "working: none", "wanted a list"),
        ("year: 2027", "year: [", "2027.yml:"),
    ],
)
def test_what_is_wrong_is_said_by_file_and_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new))
    with pytest.raises(UsageError) as raised:
        read_year(path)
    assert message in str(raised.value)
    assert str(path) in str(raised.value)


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name a file that can be read"):
        read_year(tmp_path / "none.yml")
    (tmp_path / "2027.yml").write_bytes("年".encode("gb18030") + b"\xff")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_year(tmp_path / "2027.yml")


def test_a_year_in_two_files(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    with pytest.raises(UsageError, match="2027 twice"):
        calendar_of([path, path])
