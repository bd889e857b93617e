"""sla-agent availability as people use it: tables, exit statuses, where the store and the zone come from."""

import json

import pytest
import typer
from typer.testing import CliRunner

from agent.cli import availability, import_
from agent.stores.writing import SqliteWriter
from tests.agent.import_cases import City

ASK = ("availability", "--target", "a", "--from", "2025-01-01", "--to", "2026-01-01")


@pytest.fixture
def city(tmp_path):
    city = City(tmp_path)
    # 8760 h - 43.8 h - 1 s of outage: 99.4999…; 2 days unknown
    city.history(
        "a,2025-01-01,up", "a,2025-03-01,down", "a,2025-03-02T19:48:01,up", "a,2025-05-01,unknown", "a,2025-05-03,up"
    )
    return city


def test_the_table_truncates_percentages_and_prints_both_parts_beside_them(city):
    told = city.run(*ASK)
    assert told.exit_code == 0
    # low (31 536 000 - 157 681 - 172 800) / 31 536 000 = 98.95205…, high 99.499997…
    lines = {line[:30].strip(): line for line in told.stdout.splitlines()}
    assert "98.9520 %  31205519000000  31536000000000" in lines["all in, low (unknown as down)"]
    assert "99.4999 %  31378319000000  31536000000000" in lines["all in, high (unknown as up)"]
    assert "43 h 48 min 01 s" in told.stdout
    assert "2025-03-01T00:00:00+08:00" in told.stdout
    assert "method 2026-11" in told.stdout


def test_nothing_measured_has_no_value(city):
    told = city.run("availability", "--target", "a", "--from", "2024-01-01", "--to", "2024-02-01")
    (line,) = [line for line in told.stdout.splitlines() if line.startswith("all in, low")]
    assert "nothing measured: no value" in line
    assert "%" not in line
    assert "no outage in the window" in told.stdout


def test_the_breakdown_is_a_table_too(city):
    told = city.run(*ASK, "--breakdown", "month")
    assert sum(line.startswith("2025-") and "h 00 min" in line for line in told.stdout.splitlines()) >= 11
    pieces = json.loads(city.run(*ASK, "--breakdown", "month", "--json").stdout)["breakdown"]
    assert [piece["from"][:10] for piece in pieces] == [f"2025-{month:02}-01" for month in range(1, 13)]


def test_a_cut_end_is_said(city):
    told = city.run(*ASK, "--as-of", "2025-02-01T00:00:00+08:00")
    assert "the window is cut to as_of" in told.stdout
    assert json.loads(city.run(*ASK, "--as-of", "2025-02-01", "--json").stdout)["cut_to_as_of"] is True


def test_a_simulated_store_is_marked(city):
    with city.connection() as connection:
        SqliteWriter(connection).set_meta("simulated", "true")
    assert "模拟数据 SIMULATED" in city.run(*ASK).stdout


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("--target", "b"), "target b: the store knows no such id; known: a"),
        (("--from", "2025-01-01T00:00:00"), "--from: got '2025-01-01T00:00:00', without an offset"),
        (("--from", "2199-01-01"), "lies in the future"),
        (("--to", "2024-01-01"), "wanted an end after the start"),
        (("--as-of", "2199-01-01"), "as_of 2199-01-01T00:00:00+08:00 lies in the future"),
        (("--breakdown", "year"), "Invalid value"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_status_2(city, change, words):
    refused = city.run(*ASK, *change)
    assert refused.exit_code == 2
    assert words in refused.stderr
    assert refused.stdout == ""


def test_a_store_that_is_not_there_is_not_made(tmp_path):
    city = City(tmp_path)
    refused = city.run(*ASK)
    assert refused.exit_code == 2
    assert "no such file" in refused.stderr
    assert not city.store.exists()


@pytest.mark.parametrize("content", [b"no database at all, but long enough to look at" * 40, b""])
def test_a_file_that_is_no_store_is_refused(tmp_path, content):
    city = City(tmp_path)
    city.store.write_bytes(content)
    refused = city.run(*ASK)
    assert refused.exit_code == 2
    assert refused.stderr.startswith("sla-agent: ")


def test_a_store_of_another_schema_is_refused(city):
    with city.connection() as connection:
        connection.execute("PRAGMA user_version = 99")
    refused = city.run(*ASK)
    assert refused.exit_code == 2
    assert "schema version 99" in refused.stderr


def _invoke(*words, env):
    app = typer.Typer()
    availability.register(app)
    import_.register(app)
    return CliRunner().invoke(app, words, env=env)


def test_store_and_zone_come_from_the_configuration_unless_said_otherwise(city):
    path = city.folder / "agent.yml"
    path.write_text(f"zone: Asia/Urumqi\nvantage: {{name: core}}\nstore: {{url: '{city.url}'}}\n", encoding="utf-8")
    by_option = _invoke(*ASK, "--json", "--config.file", str(path), env={"SLA_AGENT_CONFIG": None})
    by_environment = _invoke(*ASK, "--json", env={"SLA_AGENT_CONFIG": str(path)})
    for told in (by_option, by_environment):
        assert told.exit_code == 0, told.output
        assert json.loads(told.stdout)["from"] == "2025-01-01T00:00:00+06:00"
    elsewhere = _invoke(*ASK, "--config.file", str(path), "--store", "sqlite:////absent/x.db", env={})
    assert elsewhere.exit_code == 2
    assert "/absent/x.db: no such file" in elsewhere.stderr


def test_a_target_of_the_configuration_needs_no_create_targets(city):
    path = city.folder / "agent.yml"
    target = "targets: [{target_id: core-9, kind: icmp, address: 127.0.0.1}]"
    path.write_text(f"vantage: {{name: core}}\nstore: {{url: '{city.url}'}}\n{target}\n", encoding="utf-8")
    rows = city.file("rows.csv", "target_id,at,state\ncore-9,2025-01-01T00:00:00+08:00,up\n")
    words = ("import", "history", rows, "--as-of", "2025-02-01", "--config.file", str(path))
    told = _invoke(*words, env={})
    assert told.exit_code == 0, told.output
    assert "registered targets with their first evidence: 1 (core-9)" in told.stdout


def test_without_a_store_and_without_a_configuration_the_missing_file_is_named(tmp_path):
    refused = _invoke(*ASK, env={"SLA_AGENT_CONFIG": str(tmp_path / "absent.yml")})
    assert refused.exit_code == 2
    assert "absent.yml" in refused.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("import", "histori", "{rows}"), "did you mean history?"),
        (("import", "history", "{rows}/absent", "--as-of", "2025-02-01"), "name a file that can be read"),
        (("import", "history", "{folder}", "--as-of", "2025-02-01"), "name a file that can be read"),
        (("import", "history", "{rows}", "--as-of", "soon"), "--as-of: got 'soon'"),
        (("import", "history", "{rows}", "--as-of", "2025-02-01", "--map", "{folder}/absent.yml"), "absent.yml"),
    ],
)
def test_an_import_that_cannot_begin_is_refused_with_status_2(city, words, said):
    rows = city.file("rows.csv", "target_id,at,state\na,2025-01-01T00:00:00+08:00,up\n")
    refused = city.run(*(word.format(rows=rows, folder=city.folder) for word in words))
    assert refused.exit_code == 2
    assert said in refused.stderr
