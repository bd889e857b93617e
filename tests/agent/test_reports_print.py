"""A report as a browser prints it: real Chromium makes the PDF, poppler reads it back."""

import os
import re
import signal
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from agent.reports.html import html_text
from agent.reports.party import Party
from tests.agent.figure_cases import books
from tests.agent.report_worlds import city, simulated, told, written
from tests.requirements import need_program, unmet

pytestmark = pytest.mark.slow

MARK = "模拟数据 SIMULATED"
A4_POINTS = (595.3, 841.9)
BODY = ("-x", "0", "-y", "49", "-W", "596", "-H", "745")
"""The page without the margins, in which title, marks and number stand."""

CHROMIUM = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
LETTERS_LEAST = 25
LONGEST_SECONDS = 150


class Printed(NamedTuple):
    """A PDF, and the text of each page with and without its margins."""

    file: Path
    source: str
    pages: list[str]
    bodies: list[str]


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def chinese_fonts() -> set[str]:
    names = set(run(need_program("fc-list"), ":lang=zh", "--format", "%{postscriptname}\n").split())
    if not names:
        unmet("no font of this machine has Chinese (tests/apt-packages.txt)")
    return names


def print_to(pdf: Path, page: Path, folder: Path) -> None:
    """By a browser that nobody has used, in a group of its own: it leaves children behind where it is only stopped."""
    command = (
        need_program("chromium"), *CHROMIUM, f"--user-data-dir={folder / 'new'}", "--no-pdf-header-footer",
        f"--print-to-pdf={pdf}", page.as_uri(),
    )  # fmt: skip
    log = (folder / "chromium.log").open("wb")
    with log, subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True) as browser:
        try:
            browser.wait(LONGEST_SECONDS)
        finally:
            if browser.poll() is None:
                os.killpg(browser.pid, signal.SIGKILL)
    assert browser.returncode == 0, (folder / "chromium.log").read_text(errors="replace")[-2000:]


def texts(pdf: Path, *options: str) -> list[str]:
    """The text of each page; each ends with a form feed."""
    return run(need_program("pdftotext"), "-layout", *options, str(pdf), "-").split("\f")[:-1]


def printed(folder: Path, language: str = "zh", whose: Party | None = None, *, imitated: bool = True) -> Printed:
    chinese_fonts()
    with books() as made:
        city(made)
        if imitated:
            simulated(made)
        source = html_text(told(made, language=language, whose=whose))
    pdf = folder / "report.pdf"
    print_to(pdf, written(folder, "report.html", source), folder)
    return Printed(pdf, source, texts(pdf), texts(pdf, *BODY))


def without_mark(text: str) -> str:
    """Where the mark behind a page lies on a line, its letters stand between the words."""
    return re.sub("[A-Z]", " ", text)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Printed:
    return printed(tmp_path_factory.mktemp("whole"))


def test_it_is_on_a4_and_counts_its_pages(whole: Printed) -> None:
    told_of = run(need_program("pdfinfo"), str(whole.file))
    size = re.search(r"Page size: +([\d.]+) x ([\d.]+) pts", told_of)
    assert size is not None
    assert (float(size[1]), float(size[2])) == (pytest.approx(A4_POINTS[0], abs=1), pytest.approx(A4_POINTS[1], abs=1))
    number = len(whole.pages)
    assert 5 <= number <= 15
    assert f"Pages: {number}" in re.sub(" +", " ", told_of)
    for page, text in enumerate(whole.pages, 1):
        assert f"第{page}页，共{number}页" in re.sub(r"\s", "", text)


def test_no_page_is_empty(whole: Printed) -> None:
    for page, text in enumerate(whole.bodies, 1):
        letters = [c for c in text if c.isalnum() and c not in MARK]
        assert len(letters) >= LETTERS_LEAST, f"page {page}: {text}"


def test_every_font_is_embedded_the_chinese_ones_too(whole: Printed) -> None:
    lines = run(need_program("pdffonts"), str(whole.file)).splitlines()
    rule = lines[1]
    ends = [match.span() for match in re.finditer("-+", rule)]
    rows = [[line[start:end].strip() for start, end in ends] for line in lines[2:]]
    assert rows
    assert {row[3] for row in rows} == {"yes"}
    assert {row[5] for row in rows} == {"yes"}
    names = {row[0].partition("+")[2] for row in rows}
    assert names & chinese_fonts()
    assert "网络及平台故障及时处置率" in re.sub(r"\s", "", "".join(whole.pages))


def test_the_head_of_a_table_stands_on_each_page_that_it_goes_on(whole: Printed) -> None:
    head = re.compile(r"指标\s+指标解释\s+属性\s+目标\s+(实测\s+分子\s/\s分母\s+)?判定\s+依据")
    assert whole.source.count('<th scope="col">指标解释</th>') == 1
    bodies = [without_mark(text) for text in whole.bodies]
    plan = [page for page, text in enumerate(bodies) if head.search(text)]
    assert len(plan) > 1
    assert plan == list(range(len(plan)))
    for page in plan[1:]:
        assert head.search("\n".join(bodies[page].strip().splitlines()[:4]))


def test_the_mark_stands_on_each_page(whole: Printed) -> None:
    for text in whole.pages:
        assert MARK in re.sub(r"\s+", " ", text)
        assert "口径未经批准" in text


def test_the_strip_is_printed_with_its_months(whole: Printed) -> None:
    (page,) = (text for text in whole.bodies if "逐日状态" in text)
    joined = re.sub(r"\s", "", page)
    assert all(f"2025年{month}月" in joined for month in range(1, 13))
    assert "正常8745:40:00；中断6:20:00；未知8:00:00" in joined


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_county_s_sheet_prints_as_well_and_a_real_store_has_no_mark(tmp_path: Path, language: str) -> None:
    found = printed(tmp_path, language, Party("county", "610924"), imitated=False)
    assert not [text for text in found.pages if "SIMULATED" in text]
    assert 2 <= len(found.pages) <= 6
    text = re.sub(r"\s+", " ", " ".join(found.bodies))
    assert {"zh": "各行政区划的接入情形", "en": "Divisions one by one"}[language] in text
    assert "紫阳县第3镇" in text
