"""What /metrics says of plans: the table's own numbers, no sample for what nobody knows, and no harm to probing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from agent.figures.book import Shelf
from agent.indicators import Indicators
from agent.plans import plan_by_id
from tests.agent.figure_cases import TARGETS, Books, books
from tests.agent.import_cases import at

NOW = at("2025-07-01")
HALF_YEAR = 181 * 24 * 3600


@contextmanager
def shown(made: Books, *plans: str, now: int = NOW) -> Iterator[tuple[Indicators, CollectorRegistry]]:
    registry = CollectorRegistry()
    found = Indicators(registry, made.reader, Shelf(), lambda: now, {})
    found.plans = [plan_by_id(plan) for plan in plans]
    yield found, registry


@pytest.fixture
def made() -> Iterator[Books]:
    with books() as empty:
        yield empty


def cloud(made: Books) -> None:
    made.targets("web")
    made.enter("platforms", "platform_id,name", "cloud-1,市政务云")
    made.enter("components", "component_id,platform_id,member", "cloud-1-web,cloud-1,web")
    made.states("web,2025-01-01,down", "web,2025-01-01T10:00:00,up", until="2025-07-01")


OF_CLOUD = {"plan": "ankang", "indicator": "gov_cloud_availability", "period": "2025"}


async def test_the_budget_and_both_variants_of_a_platform(made: Books) -> None:
    cloud(made)
    with shown(made, "ankang") as (found, registry):
        await found.look()

        def value(name: str, **labels: str) -> float | None:
            return registry.get_sample_value(name, {**OF_CLOUD, **labels})

        for variant in ("all_in", "excluding_approved"):
            for bound in ("low", "high"):
                labels = {"variant": variant, "bound": bound}
                assert value("sla_indicator_numerator", **labels) == HALF_YEAR - 36_000
                assert value("sla_indicator_denominator", **labels) == HALF_YEAR
                assert value("sla_indicator_ratio", **labels) == (HALF_YEAR - 36_000) / HALF_YEAR
        assert value("sla_indicator_target_ratio") == 0.995
        assert value("sla_indicator_verdict", verdict="met") == 1
        assert value("sla_indicator_verdict", verdict="missed") == 0
        assert value("sla_indicator_measured_ratio") == 1
        assert value("sla_budget_allowed_seconds") == 157_680
        assert value("sla_budget_spent_seconds") == 36_000
        assert value("sla_budget_remaining_ratio") == (157_680 - 36_000) / 157_680
        assert value("sla_burn_rate", window="period") == pytest.approx(36_000 / 157_680 * 365 / 181)


async def test_nothing_measured_is_no_sample(made: Books) -> None:
    with shown(made, "ankang", "weinan", "xian") as (found, registry):
        await found.look()
        names = {sample.name for metric in registry.collect() for sample in metric.samples}
        met = [
            sample
            for metric in registry.collect()
            for sample in metric.samples
            if sample.labels.get("verdict") == "met" and sample.value
        ]
    assert names == {"sla_indicator_verdict", "sla_indicator_target_ratio"}
    assert met == []


async def test_a_target_of_all_hours_has_no_rate(made: Books) -> None:
    made.targets("web")
    made.enter("platforms", "platform_id,name", "cloud-1,市政务云")
    made.enter("components", "component_id,platform_id,member", "cloud-1-web,cloud-1,web")
    made.states("web,2024-01-01,down", "web,2024-01-01T10:00:00,up", until="2024-07-01")
    with shown(made, "weinan", now=at("2024-07-01")) as (found, registry):
        await found.look()
        own = {"plan": "weinan", "indicator": "gov_cloud_availability", "period": "2024"}
        assert registry.get_sample_value("sla_budget_allowed_seconds", own) == 0
        assert registry.get_sample_value("sla_budget_remaining_ratio", own) is None
        assert registry.get_sample_value("sla_burn_rate", {**own, "window": "period"}) is None


async def test_coverage_is_told_once_whatever_plans_ask(made: Books) -> None:
    made.enter("divisions", "code,name,level,parent_code", "610000,市,city,", "610100,县,county,610000")
    made.enter("sites", "site_id,division_code,accepted_on", "S,610000,2024-06-01")
    made.enter("targets", TARGETS, "n,icmp,10.0.1.1,node,S,")
    made.states("n,2025-01-01,up", until="2025-07-01")
    with shown(made, "ankang", "weinan") as (found, registry):
        await found.look()
        for level, status, count in (("city", "verified", 1), ("county", "none", 1), ("county", "verified", 0)):
            labels = {"network": "extranet", "level": level, "status": status}
            assert registry.get_sample_value("sla_coverage_units", labels) == count
        assert registry.get_sample_value("sla_coverage_ratio", {"network": "extranet", "level": "city"}) == 1
        assert registry.get_sample_value("sla_coverage_ratio", {"network": "extranet", "level": "township"}) is None


async def test_a_fault_of_ours_stops_nothing_and_shows_nothing_stale(
    made: Books, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with shown(made, "ankang") as (found, registry):
        await found.look()
        assert found.tables

        def broken() -> int:
            raise ZeroDivisionError

        monkeypatch.setattr(made.reader, "register_state", broken)
        await found.look()
        assert not found.tables
        assert "could not be reckoned" in caplog.text
        assert not [sample for metric in registry.collect() for sample in metric.samples]


async def test_plans_are_taken_or_refused_as_a_whole(made: Books, tmp_path: Path) -> None:
    with shown(made) as (found, _):
        await found.take(["ankang"], tmp_path)
        with pytest.raises(Exception, match="none"):
            await found.take(["none.yml"], tmp_path)
        assert [plan.id for plan in found.plans] == ["ankang"]
        await found.take([], tmp_path)
        await found.look()
        assert (list(found.plans), list(found.tables)) == ([], [])
