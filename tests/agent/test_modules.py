"""Opening modules at a reload: all of them or none, and what this host does not allow is said, not raised."""

from pathlib import Path
from types import MappingProxyType
from typing import Self

import pytest

from agent.config import Config, load
from agent.errors import AgentError
from agent.modules import Modules
from agent.runner import OpenModule
from collectors.base import Collector, CollectorUnavailableError, Kind, Module

CONFIG = """
modules:
  a: {kind: fake, timeout: 1s}
  b: {kind: fake, timeout: 1s}
"""


class Fake:
    """Notes when it is opened and closed; opening breaks where the test says so."""

    def __init__(self, module: Module, seen: list[str], breaks: dict[float, Exception]) -> None:
        self.timeout, self.seen, self.breaks = module.timeout, seen, breaks

    async def __aenter__(self) -> Self:
        if self.timeout in self.breaks:
            raise self.breaks[self.timeout]
        self.seen.append(f"open {self.timeout:g}")
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.seen.append(f"close {self.timeout:g}")

    async def collect(self, target: object) -> list[object]:
        return []


class Bench:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "agent.yml"
        self.seen: list[str] = []
        self.breaks: dict[float, Exception] = {}
        self.open: dict[str, OpenModule] = {}
        self.modules = Modules({"fake": self.kind()}, self.open)

    def kind(self) -> Kind:
        def build(module: Module) -> Collector:
            return Fake(module, self.seen, self.breaks)  # type: ignore[return-value]  # a Fake

        return Kind(
            name="fake",
            module_type=Module,
            build=build,
            check_address=lambda _: "",
            values=MappingProxyType({}),
        )

    def config(self, text: str) -> Config:
        self.path.write_text(text, encoding="utf-8")
        return load(self.path, [self.kind()])


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def test_only_a_module_whose_options_changed_is_opened_anew(bench: Bench) -> None:
    await bench.modules.take(bench.config(CONFIG), {"a", "b"})
    bench.seen.clear()
    before = bench.open["a"]
    retired = await bench.modules.take(
        bench.config(CONFIG.replace("b: {kind: fake, timeout: 1s", "b: {kind: fake, timeout: 2s")), {"a", "b"}
    )
    assert bench.seen == ["open 2"]
    assert bench.open["a"] is before
    assert len(retired) == 1, "the old one is closed by the caller, when its probes have ended"


async def test_one_module_that_cannot_be_opened_changes_nothing(bench: Bench) -> None:
    await bench.modules.take(bench.config(CONFIG), {"a", "b"})
    before = dict(bench.open)
    bench.seen.clear()
    bench.breaks[3.0] = ValueError("no secret")
    changed = CONFIG.replace("a: {kind: fake, timeout: 1s", "a: {kind: fake, timeout: 2s").replace(
        "b: {kind: fake, timeout: 1s", "b: {kind: fake, timeout: 3s"
    )
    with pytest.raises(AgentError, match="no secret"):
        await bench.modules.take(bench.config(changed), {"a", "b"})
    assert bench.open == before
    assert bench.seen == ["open 2", "close 2"]


async def test_a_module_that_nothing_uses_any_more_is_given_back(bench: Bench) -> None:
    await bench.modules.take(bench.config(CONFIG), {"a", "b"})
    [stack] = await bench.modules.take(bench.config(CONFIG), {"a"})
    assert set(bench.open) == {"a"}
    await stack.aclose()
    await bench.modules.close()
    assert bench.seen.count("close 1") == 2


async def test_a_kind_this_host_does_not_allow_keeps_the_reason(bench: Bench) -> None:
    bench.breaks[1.0] = CollectorUnavailableError("needs CAP_NET_RAW")
    await bench.modules.take(bench.config(CONFIG), {"a"})
    assert bench.open["a"].collector is None
    assert bench.open["a"].why == "needs CAP_NET_RAW"
