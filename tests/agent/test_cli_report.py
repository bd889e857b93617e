"""`sla-agent report` as people call it: on the story of the method, in both languages, into files, and refusals."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli.main import app

STORY = Path(__file__).parents[2] / "config" / "story"


def ask(*words: str) -> tuple[int, str, str]:
    answer = CliRunner().invoke(app, list(words))
    return answer.exit_code, answer.stdout, answer.stderr


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('story')}/story.db"
    for register in ("sites", "links", "targets", "maintenance"):
        assert ask("import", register, str(STORY / f"{register}.csv"), "--store", url)[0] == 0
    code, _, _ = ask("import", "history", str(STORY / "history.csv"), "--as-of", "2025-06-09", "--store", url)
    assert code == 0
    return url


def test_the_table_has_every_row_of_the_plan_in_its_words(store: str) -> None:
    code, out, _ = ask("report", "--plan", "ankang", "--period", "2025", "--store", store)
    assert code == 0
    assert "安康市数字政府建设规划（2023－2025 年）：2025 指标" in out
    lines = [line.split() for line in out.splitlines()]
    numbers = [
        int(line[0]) for line in lines if len(line) > 4 and line[0].isdigit() and line[-1] in ("探测", "登记册", "记录")
    ]
    assert numbers == list(range(1, 30))
    rate, *beside = (line for line in out.splitlines() if line.startswith("12 ") and "4 – 5 / 6" in line)
    assert ("66.66%" in rate, "未达标" in rate) == (True, True)
    assert all("并列" in line for line in beside)
    assert "口径未经批准" in out


def test_english_words_stand_around_the_same_numbers(store: str) -> None:
    out = ask("report", "--plan", "ankang", "--period", "2025", "--lang", "en", "--store", store)[1]
    rate = next(line for line in out.splitlines() if line.startswith("12 ") and "4 – 5 / 6" in line)
    assert "66.66% – 83.33%" in rate
    assert "missed" in rate


def test_json_and_csv_are_for_machines(store: str) -> None:
    told = json.loads(ask("report", "--plan", "weinan", "--period", "2025", "--format", "json", "--store", store)[1])
    assert (told["plan"], told["period"], len(told["indicators"])) == ("weinan", "2025", 30)
    rows = list(csv.DictReader(io.StringIO(ask("report", "--plan", "weinan", "--format", "csv", "--store", store)[1])))
    assert [row["id"] for row in rows] == [row["id"] for row in told["indicators"]]


def test_a_file_is_written_once(store: str, tmp_path: Path) -> None:
    for form, name in (
        ("table", "a.txt"),
        ("csv", "a.csv"),
        ("json", "a.json"),
        ("html", "a.html"),
        ("xlsx", "a.xlsx"),
    ):
        words = ("report", "--plan", "ankang", "--format", form, "-o", str(tmp_path / name), "--store", store)
        assert ask(*words)[:2] == (0, "")
        assert (tmp_path / name).stat().st_size > 1000
        code, _, err = ask(*words)
        assert (code, "there is a file already" in err) == (2, True)
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("row", ["fault_timely_handling_rate", "12"])
def test_one_row_explains_itself(store: str, row: str) -> None:
    words = ("report", "--plan", "ankang", "--period", "2025", "--explain", row, "--store", store)
    out = ask(*words)[1]
    for said in (
        "3小时内排除故障数量占比",
        "安康市人民政府办公室 2023-06-19 印发；文本第 172 行（文件 000_56e93057c7a18426.txt）",
        "角色：核心、出口、县级节点",
        "时限：3 h",
        "clearing_rate",
        "下界 4 / 6",
        "上界 5 / 6",
        "未达标",
    ):
        assert said in out
    (told,) = json.loads(ask(*words, "--format", "json")[1])["indicators"]
    assert told["no"] == 12
    assert "did you mean fault_timely" in ask(*words[:6], "fault_timely_rate", "--store", store)[2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--plan", "ankang", "--format", "xlsx"), "--format xlsx: got no -o FILE"),
        (("--plan", "ankng"), "did you mean ankang?"),
        (("--plan", "none.yml"), "none.yml: file: got nothing"),
        (("--plan", "ankang", "--period", "2025-13"), "period: got 2025-13"),
        (("--plan", "ankang", "--period", "2199"), "in the future"),
        (("--plan", "ankang", "--as-of", "gestern"), "--as-of: got 'gestern', wanted ISO 8601"),
        (("--plan", "ankang", "--format", "pdf"), "Invalid value"),
        ((), "Missing option"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_status_2(store: str, words: tuple[str, ...], said: str) -> None:
    code, _, err = ask("report", *words, "--store", store)
    assert (code, said in err) == (2, True), err


def test_a_plan_of_the_city_needs_no_code(store: str, tmp_path: Path) -> None:
    path = tmp_path / "city.yml"
    assert ask("template", "plan", "-o", str(path))[0] == 0
    told = json.loads(ask("report", "--plan", str(path), "--period", "2025", "--format", "json", "--store", store)[1])
    assert [row["id"] for row in told["indicators"]][:2] == ["gov_cloud_availability", "fault_timely_handling_rate"]


def test_an_empty_store_meets_nothing(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/empty.db"
    row = "site_id\nS1\n"
    (tmp_path / "sites.csv").write_text(row, encoding="utf-8")
    assert ask("import", "sites", str(tmp_path / "sites.csv"), "--store", store)[0] == 0
    for plan in ("ankang", "weinan", "xian"):
        told = json.loads(ask("report", "--plan", plan, "--period", "2025", "--format", "json", "--store", store)[1])
        assert not [each for each in told["indicators"] if each["verdict"] == "met"]


def test_a_pipe_that_closes_is_no_traceback(store: str) -> None:
    words = [sys.executable, "-m", "agent", "report", "--plan", "ankang", "--period", "2025", "--store", store]
    done = subprocess.run(f"{' '.join(words)} | head -1", shell=True, capture_output=True, text=True, check=False)
    assert done.stdout
    assert "Traceback" not in done.stderr
