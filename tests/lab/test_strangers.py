"""The lab's peers, asked by clients that nobody here wrote: net-snmp, dig, curl, promtool."""

import asyncio
import subprocess

import pytest

from agent.lab.peers.certificates import CA_FILE
from tests.lab.worlds import running
from tests.requirements import need_program


@pytest.fixture
async def lab(tmp_path):
    async with running(tmp_path) as made:
        yield made


async def ran(*words, **how) -> str:
    """What a program printed; it must be content."""
    done = await asyncio.to_thread(
        subprocess.run, [str(word) for word in words], capture_output=True, text=True, timeout=60, check=False, **how
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_net_snmp_walks_a_router_from_end_to_end(lab):
    walk, place = need_program("snmpbulkwalk"), lab.plan.places["RT-610902"]
    words = (walk, "-v2c", "-c", "public", "-On", "-Cr10", f"udp:{place}")
    found = await ran(*words, "1.3.6.1.2.1")
    lines = found.splitlines()
    assert ".1.3.6.1.2.1.1.5.0 = STRING: " in found
    assert "RT-610902" in found
    assert sum(line.startswith(".1.3.6.1.2.1.31.1.1.1.6.") and "Counter64" in line for line in lines) == 6
    assert "No more variables" in lines[-1] or lines[-1].startswith(".1.3.6.1.2.1.31.1.1.1.19.6 ")
    await lab.do("line_cut", "L-610902-1")
    status = await ran(*words, "1.3.6.1.2.1.2.2.1.8")
    assert [line.split()[-1].strip("()") for line in status.splitlines()][:2] in (["2", "1"], ["down2", "up1"])


async def test_dig_gets_the_one_name_and_is_told_of_others(lab):
    dig, place = need_program("dig"), lab.plan.places["DNS-1"]
    words = (dig, f"@{place.host}", "-p", str(place.port), "+tries=1")
    assert (await ran(*words, "+short", "portal.city.test", "A")).strip() == "10.59.0.80"
    assert "status: NXDOMAIN" in await ran(*words, "nobody.city.test", "A")
    assert "status: REFUSED" in await ran(*words, "example.org", "A")
    nothing = await ran(*words, "portal.city.test", "AAAA")
    assert "status: NOERROR" in nothing
    assert "ANSWER: 0" in nothing


async def test_curl_believes_the_certificates_of_the_lab_s_authority_alone(lab):
    curl, address = need_program("curl"), lab.plan.address(lab.city.things["SSO"])
    words = (curl, "--silent", "--show-error", "--noproxy", "*", "--max-time", "30", address)
    assert "模拟数据 SIMULATED" in await ran(*words, "--cacert", lab.folder / CA_FILE)
    done = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 60, "the peer's certificate cannot be authenticated"
    await lab.do("certificate_expired", "SSO")
    expired = (*words, "--cacert", str(lab.folder / CA_FILE))
    done = await asyncio.to_thread(subprocess.run, expired, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 60
    assert "expired" in done.stderr


async def test_curl_speaks_rtsp_with_a_camera(lab):
    curl, place = need_program("curl"), lab.plan.places["CAM-610902-0001"]
    url = f"rtsp://{place}/CAM-610902-0001"
    said = await ran(curl, "--silent", "--include", "--max-time", "30", url)
    assert said.startswith("RTSP/1.0 200 OK")
    assert "Public: OPTIONS, DESCRIBE" in said


async def test_promtool_takes_the_page_of_a_host(lab):
    promtool, place = need_program("promtool"), lab.plan.places["HOST-001"]
    curl = need_program("curl")
    page = await ran(curl, "--silent", "--noproxy", "*", "--max-time", "30", f"http://{place}/metrics")
    done = await asyncio.to_thread(
        subprocess.run,
        [promtool, "check", "metrics"],
        input=page,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "error while linting" not in done.stderr + done.stdout
    assert done.returncode in (0, 3), done.stderr  # 3: names that it would write otherwise, as node_exporter's own
