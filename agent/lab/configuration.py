"""The agent.yml for a city: modules with intervals that fit its size, the planes, the registers, a simulated store."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from agent.lab.addresses import Plan
from agent.lab.city import City, Scale
from agent.lab.netns.city_plan import GATEWAY
from agent.lab.peers.certificates import CA_FILE
from agent.lab.peers.names import ADDRESS, NAME

SECONDS: Mapping[Scale, tuple[int, int]] = {"small": (5, 10), "city": (15, 60)}
"""Seconds between two probes of a thing, and of a camera."""

_HEAD = """\
# Written by `sla-agent lab`, anew at each start: the configuration for the simulated city of its scale and form.
# Everything that it measures is simulated, and its store says so for good (docs/lab.md).

zone: Asia/Shanghai

vantage: {name: lab%(gateway)s}

store: {url: "%(store)s", simulated: true}

web:
  listen_address: "%(listen)s"
%(note)s
probe: {allow: [%(allow)s]}

"""

LOOPBACK_NOTE = """\
  note:
    zh: >-
      本页为环回地址上的模拟城市：没有 icmp 对象，因为无论切断什么，本机都会应答自己的回显请求；
      网络命名空间形式（--net netns）可以显示这些。
    en: >-
      A simulated city on loopback. It has no icmp targets, as this host answers its own echoes whatever is cut;
      network namespaces (--net netns) show these.
"""
"""What a page of a city on loopback has to say: what is missing there, and why."""

_MODULES = """\
modules:
  lab_port: {kind: tcp, interval: %(often)ss, timeout: 2s}
  lab_name: {kind: dns, interval: %(often)ss, timeout: 2s, query_name: %(name)s, answers: ["%(answer)s"]}
  lab_page: {kind: http, interval: %(often)ss, timeout: 4s, limits: {processing_seconds: 1}}
  lab_secure_page:
    {kind: http, interval: %(often)ss, timeout: 4s, limits: {processing_seconds: 1}, tls: {ca_file: "%(ca)s"}}
  lab_certificate: {kind: tls, interval: %(often)ss, timeout: 4s, ca_file: "%(ca)s"}
  lab_device: {kind: snmp, interval: %(often)ss, timeout: 4s, read: system}
  lab_router:
    kind: snmp
    interval: %(often)ss
    timeout: 4s
    max_repetitions: 25
    limits: {speed_bytes_per_second: {min: 12500000}}
  lab_video: {kind: rtsp, interval: %(often)ss, timeout: 2s, depth: describe}
  lab_camera: {kind: rtsp, interval: %(cameras)ss, timeout: 2s}
  lab_host: {kind: host_page, interval: %(often)ss, timeout: 4s}
"""

_LINES = """\
  icmp: &line
    {kind: icmp, interval: %(often)ss, timeout: 2s, count: 5, gap: 50ms, limits: {loss_ratio: 0.3}}
  lab_line: *line
"""


def configuration(
    city: City, plan: Plan, folder: Path, listen_address: str, seconds: tuple[int, int] | None = None
) -> str:
    """The text of agent.yml in a folder; `seconds` in place of those that fit the city's scale."""
    often, cameras = seconds or SECONDS[city.scale]
    allow = '127.0.0.0/8, "::1"' if plan.form == "loopback" else '10.58.0.0/15, 10.60.0.0/14, "fd61:900::/32"'
    where = folder.resolve()
    words = {
        "store": f"sqlite:///{where / 'lab.db'}", "listen": listen_address, "allow": allow, "often": often,
        "cameras": cameras, "name": NAME, "answer": f"^{NAME.replace('.', chr(92) * 2 + '.')} A {ADDRESS}$",
        "ca": where / CA_FILE,
        "note": LOOPBACK_NOTE if plan.form == "loopback" else "",
        "gateway": "" if plan.form == "loopback" else f", gateway: {GATEWAY}, module: lab_line, interval: 5s",
    }  # fmt: skip
    modules = _MODULES + ("" if plan.form == "loopback" else _LINES)
    return _HEAD % words + "".join(_planes(city, plan)) + "\n" + modules % words + "\n" + "".join(_registers())


def _planes(city: City, plan: Plan) -> Iterator[str]:
    """Each with its anchors; on loopback without: it is reached without any uplink (S6)."""
    yield "planes:\n"
    for plane, anchors in city.anchors.items():
        if plan.form == "loopback":
            yield f"  {plane}: {{}}\n"
        else:
            addresses = ", ".join(f'"{plan.places[anchor]}"' for anchor in anchors)
            yield f"  {plane}: {{anchors: [{addresses}], module: lab_port, interval: 5s}}\n"


def _registers() -> Iterator[str]:
    yield "registers:\n"
    for register in ("divisions", "sites", "links", "targets", "platforms", "components"):
        yield f"  - {{kind: {register}, file: {register}.csv}}\n"
