"""Targets and lines of the registers as things to probe: what is watched, by which module, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.build import watched_targets
from agent.config import Config, load
from agent.errors import UsageError
from agent.figures.book import Book
from agent.registered import with_registers
from agent.registers import built_in, known_of
from agent.stores.inline import InlineRow
from agent.targets import Duty, Watched
from collectors import KINDS
from sla.limits import Limit
from sla.model import Window
from tests.agent.figure_cases import LINKS, Books, books
from tests.agent.import_cases import at

NOW = "2026-01-01"
CONFIG = """
vantage: {name: core}
store: {url: "sqlite:///:memory:"}
planes: {业务: {anchors: [127.0.0.2, 127.0.0.3], module: icmp}}
modules:
  slow: {kind: icmp, interval: 300s, retry_interval: 100s, timeout: 4s}
"""
PROBED = "target_id,kind,address,module,interval_seconds,timeout_seconds,in_service_from,in_service_to"


@pytest.fixture
def made():
    with books() as empty:
        yield empty


@pytest.fixture
def config(tmp_path: Path) -> Callable[[str], Config]:
    def read(more: str = "") -> Config:
        path = tmp_path / "agent.yml"
        path.write_text(CONFIG + more, encoding="utf-8")
        return load(path, KINDS)

    return read


def wanted(made: Books, config: Config, now: str = NOW) -> dict[str, Watched]:
    """What an agent would watch, by id, without the vantage's own."""
    full = with_registers(config, Book.read(made.reader), at(now))
    return {one.id: one for one in watched_targets(full, full.targets) if one.duty is Duty.TARGET}


def test_a_target_of_the_register_is_watched_as_one_of_the_configuration_would_be(made, config):
    row = "icmp,10.0.0.1,"
    rows = (f"a,{row},,,,", f"b,{row}slow,,,,", f"c,{row}slow,120,1,,", f"d,{row},30,,,")
    made.enter("targets", PROBED, *rows, known=known_of(config()))
    found = wanted(made, config())
    assert list(found) == ["a", "b", "c", "d"]
    seconds = {name: (one.interval_ns // 10**9, one.retry_ns // 10**9) for name, one in found.items()}
    assert seconds == {"a": (60, 10), "b": (300, 100), "c": (120, 100), "d": (30, 5)}
    assert [found[name].target.timeout_seconds for name in "bc"] == [4.0, 1.0]
    assert (found["a"].module, found["a"].kind, found["a"].role, found["b"].module) == ("icmp", "icmp", "node", "slow")


def test_everything_that_a_row_says_is_known(made, config):
    made.sites("S1")
    heading = "target_id,kind,address,role,name,site_id,parents,confirm,in_service_from,in_service_to"
    made.enter("targets", heading, "core,icmp,10.0.0.9,core,,,,,,")
    row = "a,icmp,10.0.0.1,exit,出口,S1,core,slow,2025-01-01,2027-01-01"
    made.enter("targets", heading, row, known=known_of(config()))
    one = wanted(made, config())["a"]
    assert (one.role, one.name, one.site, one.parents, one.confirm) == ("exit", "出口", "S1", ("core",), "slow")
    assert one.service == (Window(at("2025-01-01"), at("2027-01-01")),)
    assert one.target.address == "10.0.0.1"


def test_a_line_is_held_against_its_tier_in_place_of_its_module(made, config):
    limits = "{loss_ratio: 0.5, rtt_p95_seconds: 9, jitter_seconds: 2}"
    said = config(
        f"  icmp: {{kind: icmp, limits: {limits}}}\ntiers: {{metro: {{loss_ratio: 0.2, rtt_seconds: 0.02}}}}\n"
    )
    made.sites("S1", "S2")
    made.enter("targets", "target_id,kind,address", "t,icmp,192.0.2.9", known=known_of(said))
    made.enter(
        "links", LINKS + ",tier", "L1,S1,S2,电信,100,192.0.2.1,metro", "L2,S1,S2,电信,100,192.0.2.2,access",
        "L3,S1,S2,电信,100,192.0.2.3,",
    )  # fmt: skip
    found = {id_: dict(one.limits) for id_, one in wanted(made, said).items()}
    assert found["t"] == {
        "loss_ratio": Limit(maximum=0.5), "rtt_p95_seconds": Limit(maximum=9), "jitter_seconds": Limit(maximum=2)
    }  # fmt: skip
    for line, loss, rtt in (("L1", 0.2, 0.02), ("L2", 0.01, 0.05), ("L3", 0.01, 0.02)):  # no tier: the strictest
        assert found[line] == {
            "loss_ratio": Limit(maximum=loss), "rtt_seconds": Limit(maximum=rtt), "jitter_seconds": Limit(maximum=2)
        }  # fmt: skip


def test_a_line_is_probed_at_its_far_address_from_its_own(made, config):
    made.sites("S1", "S2")
    made.enter(
        "links", LINKS + ",source_address",
        "A,S1,S2,电信,100,192.0.2.1,", "B,S1,S2,移动,100,192.0.2.5,192.0.2.6", "C,S1,S2,联通,100,,",
        "D,S1,S2,移动,100,192.0.2.9,192.0.2.6",
    )  # fmt: skip
    full = with_registers(config(), Book.read(made.reader), at(NOW))
    found = wanted(made, config())
    assert list(found) == ["A", "B", "D"]  # of C there is nothing that could be probed
    assert [(one.target.address, one.module, one.role, one.site) for one in found.values()] == [
        ("192.0.2.1", "icmp", "line", "S2"),
        ("192.0.2.5", "icmp@192.0.2.6", "line", "S2"),
        ("192.0.2.9", "icmp@192.0.2.6", "line", "S2"),
    ]
    variant, base = full.modules["icmp@192.0.2.6"], full.modules["icmp"]
    assert (variant.options.source_address, base.options.source_address) == ("192.0.2.6", None)
    assert (variant.kind, variant.interval_seconds) == ("icmp", base.interval_seconds)
    assert sorted(full.modules.keys() - config().modules.keys()) == ["icmp@192.0.2.6"]


def test_a_target_of_both_ip_versions_is_asked_on_each(made, config):
    heading = "target_id,kind,address,families_required"
    made.enter("targets", heading, "two,icmp,localhost,4;6", "one,icmp,localhost,4", "any,icmp,localhost,")
    full = with_registers(config(), Book.read(made.reader), at(NOW))
    found = wanted(made, config())
    assert found["two"].families == (("v4", "icmp@4"), ("v6", "icmp@6"))
    assert found["one"].families == found["any"].families == ()
    assert [full.modules[f"icmp@{family}"].options.family for family in (4, 6)] == ["4", "6"]


def test_what_is_retired_is_probed_no_more_and_what_comes_is(made, config):
    made.enter(
        "targets", PROBED,
        "old,icmp,10.0.0.1,,,,2024-01-01,2026-01-01", "last,icmp,10.0.0.2,,,,,2026-01-01T00:00:01+08:00",
        "next,icmp,10.0.0.3,,,,2026-03-01,",
    )  # fmt: skip
    assert list(wanted(made, config())) == ["last", "next"]


def test_the_row_that_holds_now_is_probed_not_the_one_that_comes(made, config):
    made.enter("targets", PROBED, "a,icmp,10.0.0.1,,,,2025-01-01,", "a,icmp,10.0.0.2,,,,2026-03-01,")
    made.sites("S1", "S2")
    made.enter(
        "links", LINKS + ",in_service_from",
        "L,S1,S2,电信,100,192.0.2.1,2025-01-01", "L,S1,S2,电信,100,192.0.2.2,2026-03-01",
    )  # fmt: skip
    addresses = [one.target.address for one in wanted(made, config()).values()]
    assert addresses == ["10.0.0.1", "192.0.2.1"]
    later = [one.target.address for one in wanted(made, config(), "2026-03-01").values()]
    assert later == ["10.0.0.2", "192.0.2.2"]


def test_targets_of_the_configuration_stay_and_come_first(made, config):
    made.enter("targets", PROBED, "b,icmp,10.0.0.1,,,,,")
    own = "targets: [{target_id: z, kind: icmp, address: 10.0.0.2}]\n"
    made.writer.set_inline([InlineRow("z", None, None, {"kind": "icmp"})], "digest", at(NOW))
    assert list(wanted(made, config(own))) == ["z", "b"]


# refused


def refusal(made: Books, config: Config) -> str:
    with pytest.raises(UsageError) as caught:
        with_registers(config, Book.read(made.reader), at(NOW))
    return str(caught.value)


def test_an_id_that_agent_yml_has_too_is_named(made, config):
    made.enter("targets", PROBED, "a,icmp,10.0.0.1,,,,,", "b,tcp,10.0.0.1:22,,,,,")
    own = "targets: [{target_id: a, kind: icmp, address: 10.0.0.2}]\n"
    assert refusal(made, config(own)) == (
        "registers: a: stands in agent.yml and in a register; wanted one of them, remove it there"
    )


def test_a_module_a_plane_and_a_confirmation_that_are_gone_are_named(made, config):
    """The rows were imported while the configuration had them."""
    heading = "target_id,kind,address,module,plane,confirm"
    rows = ("a,icmp,10.0.0.1,slow,,", "b,icmp,10.0.0.1,,业务,", "c,icmp,10.0.0.1,,,slow")
    made.enter("targets", heading, *rows, known=known_of(config()))
    text = refusal(made, replace(config(), planes={}, modules=built_in().modules))
    assert text == (
        "registers: a: module slow: no such module; add it or correct the row; "
        "b: plane 业务: no such plane; add it under planes or correct the row; "
        "c: confirm slow: no such module; add it or correct the row"
    )


def test_an_option_that_the_kind_does_not_have_is_refused_with_the_row(made, config):
    made.enter("targets", "target_id,kind,address,families_required", "me,host,localhost,4;6")
    text = refusal(made, config())
    assert text.startswith("registers: me: families_required: module host of kind host: family: ")
    assert text.endswith("; correct the row") or "; me: families_required" in text


def test_more_than_20_problems_are_counted(made, config):
    made.enter("targets", PROBED, *(f"t{number:02},icmp,10.0.0.1,,,,," for number in range(25)))
    own = "".join(f"  - {{target_id: t{number:02}, kind: icmp, address: 10.0.0.2}}\n" for number in range(25))
    text = refusal(made, config("targets:\n" + own))
    assert text.count("stands in agent.yml") == 20
    assert text.endswith("(and 5 more)")
