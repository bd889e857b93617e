"""The readme's section on many hosts, as it says: an agent behind nginx, a node_exporter, an agent in the middle."""

import os
import re
import signal
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from tests.agent.cli_agent import free_address, running, wait_for
from tests.collectors.page_peers import running_node_exporter
from tests.requirements import need_program

ROOT = Path(__file__).parents[2]
SECTIONS = {"README.md": "## Many hosts, one ledger", "README.zh-CN.md": "## 许多主机，一本台账"}
PASSWORD = "a-word-of-this-test"


def blocks(readme: str) -> list[str]:
    """The code of the section, without remarks."""
    text = (ROOT / readme).read_text(encoding="utf-8").partition(SECTIONS[readme])[2].partition("\n## ")[0]
    found = re.findall(r"^```\w*\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [re.sub(r" *# .*", "", block).strip() for block in found]


def test_both_languages_show_the_same() -> None:
    assert blocks("README.md") == blocks("README.zh-CN.md")
    assert len(blocks("README.md")) == 4


def replaced(text: str, **changes: str) -> str:
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def agent_file(folder: Path, text: str) -> Path:
    """The block as a configuration of its own store and port, with probes as often as may be."""
    folder.mkdir()
    quick = text.replace("{kind: host,", "{kind: host, interval: 1s, timeout: 1s,")
    quick = quick.replace("{kind: host_page,", "{kind: host_page, interval: 2s, timeout: 2s,")
    quick = quick.replace("    kind: host_page\n", "    kind: host_page\n    interval: 2s\n    timeout: 2s\n")
    own = f'store: {{url: "sqlite:///{folder}/ledger.db"}}\nweb: {{listen_address: "{free_address()}"}}\n'
    (folder / "agent.yml").write_text(own + quick, encoding="utf-8")
    return folder / "agent.yml"


@contextmanager
def nginx(folder: Path, server: str, agent: str) -> Iterator[int]:
    """The readme's server block before an agent, on a port of its own."""
    program = need_program("nginx")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(folder / "host.key")
    issued.cert_chain_pems[0].write_to_path(folder / "host.pem")
    (folder / "metrics.users").write_text(f"middle:{{PLAIN}}{PASSWORD}\n")
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    block = replaced(
        server,
        **{"listen 9611 ssl": f"listen 127.0.0.1:{port} ssl", "/etc/nginx/": f"{folder}/", "127.0.0.1:9610": agent},
    )
    user = "user root; " if os.geteuid() == 0 else ""
    temporary = (
        "client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;"
    )
    (folder / "nginx.conf").write_text(
        f"{user}daemon off; pid nginx.pid; error_log stderr warn; events {{}}\n"
        f"http {{ access_log off; {temporary}\n{block}\n}}"
    )
    process = subprocess.Popen(
        [program, "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"],
        pass_fds=[listener.fileno()],
        env={**os.environ, "NGINX": f"{listener.fileno()};"},
        stderr=subprocess.DEVNULL,
    )
    try:
        listener.close()
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def page(address: str) -> str:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


def test_one_agent_in_the_middle_sees_a_host_by_each_kind_of_eye(tmp_path: Path) -> None:
    far, server, middle, _ = blocks("README.md")
    (tmp_path / "nginx").mkdir()
    (tmp_path / "metrics.password").write_text(PASSWORD + "\n")
    (tmp_path / "metrics.password").chmod(0o600)
    with (
        running(agent_file(tmp_path / "far", far)) as host,
        nginx(tmp_path / "nginx", server, host.address) as port,
        running_node_exporter() as exporter,
    ):
        wait_for(lambda: True if "sla_host_load1{" in page(host.address) else None)
        trusting = ssl.create_default_context(cafile=str(tmp_path / "nginx" / "ca.pem"))
        for path, status in (("api/v1/status", 404), ("metrics", 401)):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"https://127.0.0.1:{port}/{path}", timeout=10, context=trusting)
            assert refused.value.code == status
            refused.value.close()
        told = replaced(
            middle,
            **{
                "port: 9611": f"port: {port}",
                "/etc/sla-agent/ca.pem": str(tmp_path / "nginx" / "ca.pem"),
                "/etc/sla-agent/metrics.password": str(tmp_path / "metrics.password"),
                "address: 10.0.1.1,": f'address: "{exporter}",',
                "address: 10.0.1.2,": "address: 127.0.0.1,",
                "module: nodes, confirm: icmp": "module: nodes",  # this exporter is not at the port of its kind
            },
        )
        with running(agent_file(tmp_path / "middle", told)) as started:
            for name in ("cloud-001", "cloud-002"):
                for family in ("sla_target_up", "sla_host_disk_used_ratio"):
                    line = f'{family}{{target="{name}#disk/",kind="host_page"'
                    wait_for(lambda line=line: True if line in page(started.address) else None)
            text = page(started.address)
    assert 'sla_host_page_clock_skew_seconds{target="cloud-001"' in text
    assert re.search(r'sla_probe_problem\{target="cloud-002#process/nginx".*\} 1\n', text) is None  # nginx does run
    assert 'sla_host_processes_running{target="cloud-002#process/nginx"' in text
