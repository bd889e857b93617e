"""The page says exactly what prometheus-client would say of the same samples, in both formats."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.registry import Collector

from agent import metrics
from agent.exporter import Exporter
from agent.metrics import Family, Type
from agent.page import Kept, escape, header, seconds, text_of
from collectors.base import Outcome, Reading, Reason
from sla.model import State, Window
from tests.agent.worlds import SECOND, START, World, target

ODD_NAMES = ["plain", '双引号"里', "back\\slash", "new\nline", "a#disk/var/日志"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path / "ledger.db", [target(name) for name in ODD_NAMES]) as made:
        yield made


def filled(world: World) -> World:
    """Targets in different states, with values, one without any reading."""
    year = Window(START, START + 365 * 86400 * SECOND)
    world.exporter.periods = {"2026": year}
    world.ledger.begin_periods([year])
    values = {"rtt_seconds": 0.000123, "loss_ratio": 0.25}
    for at in (0, 10, 60):
        world.to(at)
        for number, name in enumerate(ODD_NAMES[:-1]):
            outcome = Outcome.FAILED if number == 1 else Outcome.OK
            reason = Reason.TIMEOUT if number == 1 else None
            world.read_as(Reading(outcome=outcome, reason=reason, values={} if number == 1 else values), name)
    world.to(61)
    return world


class Same(Collector):
    """The same samples through the library: read back from entries, not from the page."""

    def __init__(self, world: World) -> None:
        self._world = world

    def collect(self) -> Iterator[Metric]:
        for family in metrics.TARGET_FAMILIES:
            kind = CounterMetricFamily if family.type is Type.COUNTER else GaugeMetricFamily
            made = kind(family.name, family.help, labels=[*metrics.TARGET_LABELS, *family.labels])
            for labels, value in self._samples(family):
                made.add_metric(labels, value)
            if made.samples:
                yield made

    def _samples(self, family: Family) -> Iterator[tuple[list[str], float]]:
        for entry in self._world.ledger.entries():
            if entry.last is None:
                continue
            own = [entry.name, "tcp", "m", "", "v"]
            for extra, value in self._of(entry, family):
                yield [*own, *extra], value

    def _of(self, entry: object, family: Family) -> Iterator[tuple[list[str], float]]:
        from agent.entries import Entry

        assert isinstance(entry, Entry)
        state = entry.state
        if family is metrics.UP and state in (State.UP, State.DEGRADED, State.DOWN):
            yield [], float(state is not State.DOWN)
        elif family is metrics.STATE:
            yield [state.label], 1.0
        elif family is metrics.STREAK:
            yield [], float(entry.track.streak_count)
        elif family is metrics.SECONDS:
            self._world.ledger.settle(entry)
            for each, us in zip(State, entry.totals.sums, strict=True):
                if us or each is not State.OUT:
                    yield [each.label], us / 1e6
        elif family is metrics.PERIOD_SECONDS:
            window = self._world.exporter.periods["2026"]
            for each, us in zip(State, entry.totals.of_period(window, entry.track.last_at), strict=True):
                if us:
                    yield ["2026", each.label], us / 1e6
        elif family is metrics.PROBES:
            yield [], float(entry.probes)
        elif family is metrics.SUCCESSES:
            yield [], float(entry.successes)
        elif family is metrics.DURATION:
            yield [], entry.duration_seconds
        elif family is metrics.RTT and "rtt_seconds" in entry.values:
            yield [], entry.values["rtt_seconds"]
        elif family is metrics.LAST_PROBE and entry.watched.kind == "host":
            yield [], entry.track.last_at / 1e6
        elif family is metrics.PROBLEM and entry.last is not None and entry.last.reason is not None:
            yield [str(entry.last.outcome), str(entry.last.reason)], 1.0
        elif family is metrics.LOSS and "loss_ratio" in entry.values:
            yield [], entry.values["loss_ratio"]


def _flat(families: Iterator[Metric]) -> dict[str, tuple[str, str, set[tuple[str, frozenset[tuple[str, str]], float]]]]:
    return {
        family.name: (
            family.type,
            family.documentation,
            {(sample.name, frozenset(sample.labels.items()), sample.value) for sample in family.samples},
        )
        for family in families
    }


def test_the_text_page_equals_what_prometheus_client_writes(world: World) -> None:
    filled(world)
    registry = CollectorRegistry()
    registry.register(Same(world))
    ours = text_of(world.exporter.chunks(open_metrics=False))
    assert _flat(parse_text(ours)) == _flat(parse_text(generate_latest(registry).decode()))


def test_the_openmetrics_page_equals_what_prometheus_client_writes(world: World) -> None:
    filled(world)
    registry = CollectorRegistry()
    registry.register(Same(world))
    ours = text_of(world.exporter.chunks(open_metrics=True)) + "# EOF\n"
    assert _flat(parse_open(ours)) == _flat(parse_open(openmetrics.generate_latest(registry).decode()))


def test_a_target_without_a_reading_has_no_sample(world: World) -> None:
    filled(world)
    text = text_of(world.exporter.chunks(open_metrics=False))
    assert "a#disk" not in text


@pytest.mark.parametrize(
    ("wanted", "families"),
    [
        (["sla_target_up"], {"sla_target_up"}),
        (["sla_probe_*"], {"sla_probe_total", "sla_probe_success_total", "sla_probe_duration_seconds",
                           "sla_probe_rtt_seconds", "sla_probe_loss_ratio", "sla_probe_problem"}),
        (["sla_nothing"], set()),
    ],
)  # fmt: skip
def test_only_the_families_that_are_wanted_are_shown(world: World, wanted: list[str], families: set[str]) -> None:
    filled(world).exporter.wanted = wanted
    text = text_of(world.exporter.chunks(open_metrics=False))
    assert {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")} == families


def test_unknown_has_no_up_sample(world: World) -> None:
    filled(world)
    world.to(1000)
    world.to(1010)
    text = text_of(world.exporter.chunks(open_metrics=False))
    assert "sla_target_up{" not in text
    assert text.count('state="unknown"} 1\n') == 4


def test_a_target_that_left_has_no_sample_even_if_it_leaves_while_the_page_is_written(world: World) -> None:
    filled(world)
    pieces = world.exporter.chunks(open_metrics=False)
    assert 'target="plain"' in next(piece for piece in pieces if isinstance(piece, Kept)).text()
    world.ledger.forget("plain", 0)
    assert 'target="plain"' not in text_of(pieces)
    assert 'target="plain"' not in text_of(world.exporter.chunks(open_metrics=False))
    world.ledger.watch(target("new"))
    world.watched.append(target("new"))
    world.read("ok", "new")
    assert 'target="new"' in text_of(world.exporter.chunks(open_metrics=False))


def test_a_target_of_which_only_a_gap_is_known_has_a_state_and_no_figure_of_a_probe(world: World) -> None:
    [entry] = world.ledger.of_target("plain").values()
    world.exporter.changed(entry)
    world.exporter.reading(entry)  # as silence is settled, without a reading
    text = text_of(world.exporter.chunks(open_metrics=False))
    assert 'sla_target_state{target="plain"' in text
    assert "sla_probe_" not in text
    assert "sla_target_streak" not in text


def test_what_could_not_be_measured_now_stays_as_it_was_last_seen(world: World) -> None:
    """A value of a kind's own family; the round-trip time, which every kind has, is of the last reading alone."""
    family = Family("sla_tcp_connect_seconds", Type.GAUGE, "Time.")
    exporter = Exporter({"tcp": {"connect_seconds": family}}, world.ledger.settle, world.run_clock.now_us, {})
    [entry] = world.ledger.of_target("plain").values()
    for outcome in (Outcome.OK, Outcome.ERROR):
        values = {"connect_seconds": 0.5, "rtt_seconds": 0.1} if outcome is Outcome.OK else {}
        entry.last = Reading(outcome=outcome, reason=None if values else Reason.PERMISSION, values=values)
        entry.values = entry.last.values
        exporter.reading(entry)
    text = text_of(exporter.chunks(open_metrics=False))
    assert 'sla_tcp_connect_seconds{target="plain",kind="tcp",module="m",site="",vantage="v"} 0.5\n' in text
    assert "sla_probe_rtt_seconds" not in text


def test_a_counter_of_time_begins_at_zero_or_its_first_increase_is_lost(world: World) -> None:
    """Nothing is settled yet: each state but out_of_service stands at 0."""
    world.read("ok", "plain")
    text = text_of(world.exporter.chunks(open_metrics=False))
    samples = [
        line.rpartition("state=")[2] for line in text.splitlines() if line.startswith("sla_target_seconds_total{")
    ]
    assert samples == [f'"{state}"}} 0' for state in ("up", "degraded", "down", "unknown")]


def test_values_that_a_failed_probe_did_not_measure_are_not_shown_any_more(world: World) -> None:
    filled(world)
    assert 'sla_probe_rtt_seconds{target="plain"' in text_of(world.exporter.chunks(open_metrics=False))
    world.to(70)
    world.read("failed", "plain")
    assert 'sla_probe_rtt_seconds{target="plain"' not in text_of(world.exporter.chunks(open_metrics=False))


@given(st.integers(min_value=0, max_value=10**16))
def test_seconds_are_exact(us: int) -> None:
    whole, _, part = seconds(us).partition(".")
    assert int(whole) * 1_000_000 + int(part) == us


@given(st.text())
def test_any_label_value_survives(value: str) -> None:
    value = value.replace("\r", "")  # the library's parser splits lines there; label values never hold one
    value = "".join(char for char in value if char.isprintable() or char == "\n")
    line = f'{header(metrics.UP, open_metrics=False)}sla_target_up{{target="{escape(value)}"}} 1\n'
    [family] = parse_text(line)
    assert family.samples[0].labels["target"] == value


def test_every_family_name_is_used_once_and_says_what_it_is() -> None:
    families = [*metrics.TARGET_FAMILIES, *metrics.SELF_FAMILIES]
    assert len({family.name for family in families}) == len(families)
    for family in families:
        assert family.name.startswith("sla_")
        assert family.name.endswith("_total") == (family.type is Type.COUNTER)
        assert family.help.endswith(".")
        assert not any(word in family.name for word in ("percent", "_ms", "milli"))
