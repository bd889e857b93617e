"""GET /probe: whom it lets in, where it connects, what it takes, and what it leaves alone."""

import asyncio
from pathlib import Path

import pytest

from agent.probing.prober import POOL
from agent.web.probe import _RefusalError, timeout_of
from collectors import KINDS
from tests.agent.probe_worlds import config, peer, rows, serving, until

ME = """targets:
  - {{target_id: me, kind: host, address: localhost}}
  - {{target_id: "zy/1", kind: icmp, address: 127.0.0.7}}
"""
OUTSIDE = "127.0.0.9"


async def probe(w, module: str, target: str, status: int = 200, **more: str) -> str:
    headers = {name: more.pop(name) for name in list(more) if name[0].isupper()}
    extra = "".join(f"&{name}={value}" for name, value in more.items())
    got = await w.get(f"/probe?module={module}&target={target}{extra}", status, **headers)
    return got.text


async def test_a_registered_target_is_probed_by_its_id_and_by_its_very_address(tmp_path: Path) -> None:
    async with serving(tmp_path, config("[]", ME)) as w:
        for target in ("zy/1", "127.0.0.7"):
            text = await probe(w, "ping", target)
            assert "\nprobe_success 1.0\n" in text
            assert '\nsla_probe_outcome{component="",outcome="ok",reason=""} 1.0\n' in text
            assert "\nsla_probe_icmp_loss_ratio" in text


@pytest.mark.parametrize(
    "target", ["127.0.0.8", "portal.example", "127.0.0.07", "vantage:v/gateway", "me2", "::1", "127.0.0.7%20"]
)
async def test_without_allowed_networks_nothing_else_is_probed(tmp_path: Path, target: str) -> None:
    async with serving(tmp_path, config("[]", ME)) as w:
        text = await probe(w, "ping", target, 403)
    assert text.startswith("target: got ")
    for part in ("wanted the id or exact address of a registered target", "probe.allow (none)", "agent.yml and reload"):
        assert part in text


async def test_a_kind_that_does_not_ask_before_it_dials_is_for_its_own_targets_only(tmp_path: Path) -> None:
    async with serving(tmp_path, config("[127.0.0.0/8]", ME)) as w:
        assert "registered target of kind host" in await probe(w, "host", "127.0.0.1", 403)
        assert "registered target of kind host" in await probe(w, "host", "zy/1", 403)
        text = await probe(w, "host", "me")
    assert "\nsla_probe_host_cpus{" in text
    assert "\n# TYPE sla_probe_host_busy_seconds_total counter\n" in text
    assert "probe_ip_protocol" not in text


FORMS = {
    "icmp": ("ping", "{host}"),
    "tcp": ("port", "{address}"),
    "http": ("page", "http://{address}/"),
    "tls": ("secure", "{address}"),
    "dns": ("ask", "{address}"),
    "ssh": ("shell", "{address}"),
}
"""Kind to a module of it and to how it writes an address."""


def test_every_kind_that_says_it_asks_before_it_dials_is_tried_below() -> None:
    assert {kind.name for kind in KINDS if kind.asks_to_dial} == set(FORMS)


@pytest.mark.parametrize(("module", "form"), FORMS.values(), ids=FORMS)
async def test_an_address_or_name_outside_the_networks_is_not_dialled(tmp_path: Path, module: str, form: str) -> None:
    async with (
        peer(host=OUTSIDE) as outside,
        peer(port=outside.port) as named,
        serving(tmp_path, config("[127.0.0.5]")) as w,
    ):
        for host in (OUTSIDE, "localhost", f"[::ffff:{OUTSIDE}]"):
            text = await probe(w, module, form.format(host=host, address=f"{host}:{outside.port}"), 403)
            assert "an address in probe.allow (127.0.0.5/32)" in text
        assert (outside.came, named.came) == (0, 0)


async def test_a_name_inside_the_networks_is_dialled(tmp_path: Path) -> None:
    async with peer() as inside, serving(tmp_path, config('[127.0.0.0/8, "::1"]')) as w:
        text = await probe(w, "port", f"localhost:{inside.port}")
        assert "probe_dns_lookup_time_seconds 0.0\n" not in text


async def test_a_redirect_may_not_leave_the_networks(tmp_path: Path) -> None:
    async with peer(host=OUTSIDE) as outside:
        says = f"HTTP/1.1 302 Found\r\nLocation: http://{outside.address}/x\r\nContent-Length: 0\r\n\r\n".encode()
        async with peer(says) as inside, serving(tmp_path, config()) as w:
            text = await probe(w, "page", f"http://{inside.address}/", 403)
            assert f"got {OUTSIDE}, wanted" in text
            assert (inside.came, outside.came) == (1, 0)


async def test_a_registered_address_opens_its_own_host_and_no_other(tmp_path: Path) -> None:
    async with peer(host=OUTSIDE) as outside, peer() as front:
        front.says = f"HTTP/1.1 302 Found\r\nLocation: http://{outside.address}/\r\nContent-Length: 0\r\n\r\n".encode()
        target = f'targets: [{{{{target_id: front, kind: http, address: "http://{front.address}/"}}}}]'
        async with serving(tmp_path, config("[]", target)) as w:
            await probe(w, "page", "front", 403)
            assert (front.came, outside.came) == (1, 0)
            outside.says = front.says = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
            assert "probe_success 1.0" in await probe(w, "page", "front")


async def test_ipv6_is_probed_and_refused_like_ipv4(tmp_path: Path) -> None:
    async with peer(host="::1") as six:
        async with serving(tmp_path, config('["::1"]')) as w:
            text = await probe(w, "port", six.address)
            assert "\nprobe_ip_protocol 6.0\n" in text
            assert "\nprobe_success 1.0\n" in text
            assert "\nprobe_ip_protocol 6.0\n" in await probe(w, "ping", "::1")
        (tmp_path / "other").mkdir()
        async with serving(tmp_path / "other", config("[127.0.0.0/8]")) as w:
            await probe(w, "port", six.address, 403)
        assert six.came == 1


async def test_the_51st_probe_at_once_is_told_to_come_back(tmp_path: Path) -> None:
    async with peer() as silent, serving(tmp_path, config()) as w:
        asked = [asyncio.create_task(probe(w, "banner", silent.address)) for _ in range(POOL)]
        await until(lambda: silent.waiting == POOL)
        got = await w.get(f"/probe?module=banner&target={silent.address}", 503)
        assert got.headers["Retry-After"] == "1"
        assert f"all {POOL} places" in got.text
        page = (await w.get("/metrics")).text
        assert f"\nsla_agent_probe_requests_active {float(POOL)}\n" in page
        assert '\nsla_agent_probe_requests_total{result="busy"} 1.0\n' in page
        silent.says = b"SSH-2.0-x\r\n"
        for task in asked:
            task.cancel()
        await asyncio.wait(asked)
        await until(lambda: w.agent.prober.active < POOL or silent.waiting == POOL)
        assert w.agent.prober.active <= POOL


async def test_a_place_is_free_again_when_its_probe_has_ended(tmp_path: Path) -> None:
    async with peer(b"SSH-2.0-x\r\n") as quick, serving(tmp_path, config()) as w:
        for _ in range(POOL + 5):
            assert "\nprobe_success 1.0\n" in await probe(w, "banner", quick.address)
        assert w.agent.prober.active == 0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("", 5), ("10", 5), ("3", 2.5), ("0", 5), ("0.5", 5), ("0.3", 5), ("-3", 5), ("1e300", 5), ("inf", 5), ("-inf", 5),
     ("1_0", 5), ("0.75", 0.25)],
)  # fmt: skip
def test_the_time_of_a_scrape(header: str, seconds: float) -> None:
    assert timeout_of(header, 5) == seconds


def test_a_module_without_a_scrape_ends_before_a_default_scrape_does() -> None:
    assert timeout_of("", 600) == 119.5


@pytest.mark.parametrize("header", ["soon", "NaN", "5s", "1,5", " "])
def test_a_scrape_time_that_is_none(header: str) -> None:
    with pytest.raises(_RefusalError, match="Failed to parse timeout"):
        timeout_of(header, 5)


async def test_what_cannot_be_asked_is_said(tmp_path: Path) -> None:
    async with serving(tmp_path, config()) as w:
        assert (await probe(w, "pinng", "127.0.0.1", 400)).startswith('Unknown module "pinng"; did you mean ping')
        assert await probe(w, "ping", "", 400) == "Target parameter is missing\n"
        assert "wanted host:port" in await probe(w, "port", "127.0.0.1", 400)
        assert "Host" in await probe(w, "page", "127.0.0.1", 400, hostname="x")
        await probe(w, "ping", "127.0.0.1", 500, X_Prometheus_Scrape_Timeout_Seconds="soon")
        await probe(w, "ping", "127.0.0.1", 421, Host="rebound.example")
        assert '{result="invalid"} 5.0\n' in (await w.get("/metrics")).text


async def test_debug_tells_every_step_and_hides_what_is_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_TOKEN", "tok-hush")
    says = b"HTTP/1.1 200 OK\r\nServer: tok-hush\r\nContent-Length: 8\r\n\r\ntok-hush"
    secret = "  mine: {{kind: http, auth: {{bearer: {{env: PROBE_TOKEN}}}}, body_matches: [never]}}"
    async with peer(says) as one, serving(tmp_path, config(more=secret)) as w:
        text = await probe(w, "mine", f"http://{one.address}/", debug="true")
    assert "\n   0.000000 s  begin: module mine, kind http, http://" in text
    for part in ("connect", "Server: '***'", "failed mismatch", "\nprobe_success 0.0\n", "never"):
        assert part in text
    assert "tok-hush" not in text


async def test_what_this_host_does_not_allow_is_an_error_and_no_failure(tmp_path: Path) -> None:
    more = "  pinned: {{kind: http, tls: {{ca_file: %s}}}}" % (tmp_path / "ca.pem")
    (tmp_path / "ca.pem").write_text("no certificate")
    async with peer() as one, serving(tmp_path, config(more=more)) as w:
        text = await probe(w, "pinned", f"http://{one.address}/")
    assert "\nprobe_success 0.0\n" in text
    assert '\nsla_probe_outcome{component="",outcome="error",reason="permission"} 1.0\n' in text


async def test_nothing_of_a_probe_on_demand_gets_into_the_ledger(tmp_path: Path) -> None:
    async with peer() as one, serving(tmp_path, config("[127.0.0.0/8]", ME)) as w:
        await w.write()
        before, tracks = rows(tmp_path), [entry.track for entry in w.agent.ledger.entries()]
        for module, target in (("ping", "zy/1"), ("port", one.address), ("port", "127.0.0.1:1"), ("host", "me")):
            await probe(w, module, target)
        assert [entry.track for entry in w.agent.ledger.entries()] == tracks
        assert w.agent.committer.waiting == 0
        page = (await w.get("/metrics")).text
        assert "sla_probe_total{" not in page
        await w.write()
    assert [row for row in rows(tmp_path) if "zy/1" in row] == [row for row in before if "zy/1" in row]


async def test_a_reload_lets_a_probe_under_way_end_and_takes_the_new_module_for_the_next(tmp_path: Path) -> None:
    text = config()
    async with peer() as slow, serving(tmp_path, text) as w:
        asked = asyncio.create_task(probe(w, "banner", slow.address, debug="true"))
        await until(lambda: slow.waiting == 1)
        changed = text.format(store=tmp_path / "ledger.db").replace("^SSH-", "^220 ")
        (tmp_path / "agent.yml").write_text(changed, encoding="utf-8")
        await w.agent.reload()
        slow.says = b"220 new\r\n"
        assert "\nprobe_success 1.0\n" in await probe(w, "banner", slow.address)
        assert not asked.done()
        await w.agent.prober.borrowed.keep_only(w.agent.config.modules)
        assert not asked.done()
        assert w.agent.prober.borrowed.names == {"banner"}
        asked.cancel()


async def test_stopping_gives_a_probe_under_way_up_and_says_so(tmp_path: Path) -> None:
    async with peer() as slow, serving(tmp_path, config()) as w:
        asked = asyncio.create_task(probe(w, "banner", slow.address, 503))
        await until(lambda: slow.waiting == 1)
        group = w.agent.prober._group
        assert group is not None
        for task in asyncio.all_tasks():
            if getattr(task.get_coro(), "__qualname__", "") == "Prober.serve":
                task.cancel()
        assert "starting or stopping" in await asked
        assert "starting or stopping" in await probe(w, "banner", slow.address, 503)
        assert w.agent.prober.borrowed.names == frozenset()
        await until(lambda: slow.waiting == 0)


async def test_a_change_of_the_networks_holds_from_the_reload_on(tmp_path: Path) -> None:
    text = config()
    async with peer() as one, serving(tmp_path, text) as w:
        await probe(w, "port", one.address)
        (tmp_path / "agent.yml").write_text(text.format(store=tmp_path / "ledger.db").replace("[127.0.0.1]", "[]"))
        await w.agent.reload()
        await probe(w, "port", one.address, 403)
        assert one.came == 1
