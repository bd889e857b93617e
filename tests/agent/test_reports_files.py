"""Report files: the command and the API give the same ones, refusals in words, and the calendar writes each once."""

import asyncio
import logging
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli.main import app
from agent.config.schema import ReportJob
from agent.errors import AgentError, UsageError
from agent.figures.book import Shelf
from agent.reportjobs import GRACE_US, ReportJobs, check_jobs, last
from agent.reports.files import write_whole
from agent.selfmetrics import SelfMetrics
from tests.agent.figure_cases import Books, books
from tests.agent.import_cases import ZONE, at
from tests.agent.report_worlds import city
from tests.agent.test_web_plans import API, AS_OF, some_time
from tests.agent.web_worlds import _raw, world

QUERY = f"period=2026&as_of={AS_OF.replace('+', '%2B')}"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def ask(*words: str) -> tuple[int, bytes, str]:
    answer = CliRunner().invoke(app, ["report", *words])
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exc_info
    return answer.exit_code, answer.stdout_bytes, answer.stderr


# --- the command and the API ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("form", "kind"), [("html", "text/html; charset=utf-8"), ("xlsx", XLSX)])
async def test_the_api_sends_the_file_that_the_command_writes(tmp_path: Path, form: str, kind: str, lang: str) -> None:
    target = tmp_path / f"report.{form}"
    async with world(tmp_path) as w:
        await some_time(w)
        path = f"{API}/ankang/report?format={form}&lang={lang}&{QUERY}"
        async with w.client.session.get(_raw(w.client.make_url("/").with_path(""), path)) as got:
            data = await got.read()
        store = f"sqlite:///{w.agent.location.path}"
        words = ("--plan", "ankang", "--period", "2026", "--as-of", AS_OF, "--lang", lang, "--store", store)
        assert ask(*words, "--format", form, "-o", str(target))[0] == 0
    assert (got.status, got.headers["Content-Type"]) == (200, kind)
    assert data == target.read_bytes()
    assert f'filename="ankang-2026.{form}"' in got.headers["Content-Disposition"]


async def test_a_page_may_use_its_own_style_sheet_and_nothing_else(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        got = await w.get(f"{API}/ankang/report?format=html")
        plain = await w.get(f"{API}/ankang/report?format=csv")
    assert got.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert got.headers["Content-Disposition"].startswith("inline")
    assert plain.headers["Content-Security-Policy"].startswith("default-src 'self'")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("format=html&for=city%3D1", "wanted carrier=NAME or county=CODE"),
        ("format=html&for=carrier%3Dnobody", "no line or target is of the carrier nobody"),
        ("format=csv&for=carrier%3Dnobody", "wanted html or xlsx"),
        ("format=pdf", "wanted one of json, csv, html, xlsx"),
        ("format=xlsx&period=2025-13", "2025-13"),
        ("format=xlsx&period=2199", "in the future"),
    ],
)
async def test_what_cannot_be_made_is_refused_in_words(tmp_path: Path, query: str, words: str) -> None:
    async with world(tmp_path) as w:
        got = await w.get(f"{API}/ankang/report?{query}", 400)
    assert words in got.json["detail"]


def test_the_command_says_what_it_cannot_write(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'store.db'}"
    with books(tmp_path / "store.db") as made:
        city(made)
    there = tmp_path / "there.html"
    there.write_text("mine", encoding="utf-8")
    base = ("--plan", "ankang", "--period", "2025", "--store", store)
    for words, said in (
        (("--format", "xlsx"), "got no -o FILE"),
        (("--format", "html", "-o", str(there)), "there is a file already"),
        (("--format", "html", "-o", str(tmp_path / "absent" / "x.html")), "name a file that can be written"),
        (("--for", "carrier=电信"), "wanted html or xlsx"),
        (("--format", "html", "--for", "电信"), "wanted carrier=NAME or county=CODE"),
    ):
        code, out, err = ask(*base, *words)
        assert (code, out) == (2, b"")
        assert said in err
    assert there.read_text(encoding="utf-8") == "mine"
    code, out, err = ask(*base, "--format", "html", "--for", "county=610921")
    assert (code, err) == (0, "")
    assert "汉阴县第1镇" in out.decode()


# --- the calendar --------------------------------------------------------------------------------------------------


class Scheduled:
    """Jobs over a store, at an instant of the test's choice."""

    def __init__(self, made: Books, now: str, *jobs: ReportJob, folder: Path, in_doubt: bool = False) -> None:
        self.now, self.metrics, self.in_doubt = at(now), SelfMetrics(), in_doubt
        self.jobs = ReportJobs(made.reader, Shelf(), lambda: self.now, self.metrics, lambda: self.in_doubt)
        self.jobs.take(jobs, (), folder)

    def count(self, result: str) -> float | None:
        return self.metrics.registry.get_sample_value("sla_agent_reports_total", {"result": result})

    @property
    def missing(self) -> float | None:
        return self.metrics.registry.get_sample_value("sla_agent_reports_missing")


def job(**options: object) -> ReportJob:
    return ReportJob.model_validate({"plan": "ankang", "folder": "out", "formats": ("html",), **options})


@pytest.fixture
def made():
    with books() as empty:
        city(empty)
        yield empty


@pytest.mark.parametrize(
    ("every", "now", "name"),
    [
        ("month", "2026-01-01", "2025-12"),
        ("month", "2026-03-31T23:00:00", "2026-02"),
        ("quarter", "2026-01-01", "2025-Q4"),
        ("quarter", "2026-06-30", "2026-Q1"),
        ("quarter", "2026-07-01", "2026-Q2"),
        ("year", "2026-01-01", "2025"),
        ("year", "2026-12-31", "2025"),
    ],
)
def test_the_last_period_that_is_over(every: str, now: str, name: str) -> None:
    assert last(every, at(now), ZONE) == name


def test_each_period_is_written_once_and_never_changed_again(
    made: Books, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "out").mkdir()
    caplog.set_level(logging.INFO)
    scheduled = Scheduled(made, "2026-02-02", job(sheets=("carrier=电信",)), folder=tmp_path)
    scheduled.jobs.write_due()
    names = {path.name for path in (tmp_path / "out").iterdir()}
    whole = {
        f"ankang-{period}{whose}.zh.html"
        for period in ("2026-01", "2025-Q4", "2025")
        for whose in ("", "-carrier-电信")
    }
    assert names == whole
    assert (scheduled.count("written"), scheduled.count("failed"), scheduled.missing) == (6, 0, 0)
    assert caplog.text.count("report written: ") == 6
    kept = tmp_path / "out" / "ankang-2025.zh.html"
    kept.write_text("signed", encoding="utf-8")
    scheduled.jobs.write_due()
    assert kept.read_text(encoding="utf-8") == "signed"
    assert scheduled.count("written") == 6


def test_a_period_waits_until_its_last_fault_is_decided(made: Books, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    scheduled = Scheduled(made, "2026-01-01", job(every=("year",)), folder=tmp_path)
    scheduled.now += GRACE_US - 1
    scheduled.jobs.write_due()
    assert list((tmp_path / "out").iterdir()) == []  # 2024 is before all that the store knows
    scheduled.now += 1
    scheduled.jobs.write_due()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["ankang-2025.zh.html"]


def test_what_fails_is_told_counted_and_tried_again(
    made: Books, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scheduled = Scheduled(made, "2026-02-02", job(every=("year",)), folder=tmp_path)
    scheduled.jobs.write_due()
    assert (scheduled.count("failed"), scheduled.missing) == (1, 1)
    assert f"mkdir -p {tmp_path / 'out'}" in caplog.text
    (tmp_path / "out").mkdir()
    scheduled.jobs.write_due()
    assert (scheduled.count("written"), scheduled.missing) == (1, 0)


def test_a_clock_in_doubt_writes_nothing(made: Books, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "out").mkdir()
    scheduled = Scheduled(made, "2026-02-02", job(), folder=tmp_path, in_doubt=True)
    scheduled.jobs.write_due()
    assert list((tmp_path / "out").iterdir()) == []
    assert "in doubt" in caplog.text


async def test_it_looks_when_asked_and_ends_when_cancelled(made: Books, tmp_path: Path) -> None:
    """In a thread of its own, on the agent's own store: the loop goes on meanwhile."""
    (tmp_path / "out").mkdir()
    async with world(tmp_path) as w:
        await some_time(w)
        w.agent.reports._now_us = lambda: at("2027-02-02")
        w.agent.reports.take([job(every=("year",))], (), tmp_path)
        task = asyncio.get_running_loop().create_task(w.agent.reports.serve())
        while not list((tmp_path / "out").glob("*.html")):
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["ankang-2026.zh.html"]


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    write_whole(target, b"one")
    write_whole(target, b"two")
    assert target.read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(AgentError, match="make the folder writable"):
        write_whole(tmp_path / "absent" / "report.html", b"three")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"folder": "absent"}, r"reports\[0\]\.folder: got .*absent, wanted a folder that is there; mkdir -p"),
        ({"plan": "nowhere"}, r"reports\[0\]\.plan: got nowhere, wanted a plan's id"),
        ({"sheets": ("电信",)}, r"reports\[0\]\.sheets\[0\]: got 电信, wanted carrier=NAME or county=CODE"),
    ],
)
def test_check_refuses_what_could_never_be_written(tmp_path: Path, options: dict[str, object], words: str) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(UsageError, match=words):
        check_jobs([job(**options)], (), tmp_path)


def test_check_says_it_as_a_problem_of_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "agent.yml"
    text = f"store: {{url: 'sqlite:///{tmp_path}/l.db'}}\nreports:\n  - {{plan: ankang, folder: out}}\n"
    config.write_text(text, encoding="utf-8")
    answer = CliRunner().invoke(app, ["check", "--config.file", str(config)])
    assert answer.exit_code == 1
    assert f"{config}:3: reports[0].folder: got {tmp_path / 'out'}, wanted a folder that is there" in answer.stdout
    (tmp_path / "out").mkdir()
    answer = CliRunner().invoke(app, ["check", "--config.file", str(config)])
    assert (answer.exit_code, "1 report job" in answer.stdout) == (0, True)
