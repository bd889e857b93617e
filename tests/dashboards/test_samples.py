"""What a look at a dashboard costs Prometheus in a city of 43 000 cameras: in samples that it touches, not in time."""

import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from dashboards.preview.panels import panels
from dashboards.preview.prometheus import Prometheus
from dashboards.preview.variables import choose, filled
from tests.agent.cli_agent import free_address
from tests.dashboards.big_page import CAMERAS, page, samples
from tests.dashboards.boards import CHINESE, OF_PROMETHEUS, board, expressions, metrics_of
from tests.dashboards.rules import PROMETHEUS, recorded
from tests.e2e.running import until
from tests.requirements import need_program

MOST = CAMERAS // 4
"""Samples that one query may touch at one instant. Whatever sums up the cameras touches four times as many."""

MOST_OF_A_RULE = 3 * CAMERAS
"""A rule is evaluated once a minute, whoever looks."""


@contextmanager
def served(text: str) -> Iterator[str]:
    """A page on a port of its own."""
    body = text.encode()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


CONFIG = """
global: {{scrape_interval: 20s, scrape_timeout: 20s}}
scrape_configs: [{{job_name: sla-agent, static_configs: [{{targets: ["{address}"]}}]}}]
"""


@contextmanager
def prometheus(address: str, folder: Path) -> Iterator[Prometheus]:
    """One that scrapes this address alone."""
    program, own = need_program("prometheus"), free_address()
    (folder / "prometheus.yml").write_text(CONFIG.format(address=address), encoding="utf-8")
    command = [program, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    with (folder / "prometheus.log").open("wb") as out:
        child = subprocess.Popen([*command, f"--web.listen-address={own}"], stdout=out, stderr=out)
        try:
            ready = f"http://{own}/-/ready"
            until(lambda: urllib.request.urlopen(ready, timeout=10).status == 200, "a ready Prometheus", child)
            yield Prometheus(f"http://{own}")
        finally:
            child.terminate()
            child.wait(60)


def test_the_big_page_has_every_metric_that_a_dashboard_asks_for() -> None:
    here = {name for name, _, _ in samples()} | recorded() | OF_PROMETHEUS
    assert {name for path in CHINESE for expr in expressions(board(path)) for name in metrics_of(expr)} <= here


@pytest.mark.slow
def test_no_query_touches_more_than_a_quarter_of_the_cameras(tmp_path: Path) -> None:
    with served(page()) as address, prometheus(address, tmp_path) as ask:
        until(lambda: ask.instant(f"count(sla_target_up) == {CAMERAS}", time.time()).series, "the page in Prometheus")
        at = time.time()
        cost = {}
        for path in CHINESE:
            chosen = choose(ask, board(path), at)
            for panel in panels(board(path)):
                for target in panel["targets"]:
                    answer = ask.instant(filled(target["expr"], chosen, 60), at)
                    cost[f"{path.stem}: {panel['title']} {target['refId']}"] = answer.samples
        assert {name: touched for name, touched in cost.items() if touched > MOST} == {}
        assert max(cost.values()) > 1000, "the cost is counted"
        (group,) = yaml.safe_load((PROMETHEUS / "dashboards.rules.yml").read_text(encoding="utf-8"))["groups"]
        rules = {rule["record"]: ask.instant(rule["expr"], at).samples for rule in group["rules"]}
        assert {name: touched for name, touched in rules.items() if touched > MOST_OF_A_RULE} == {}
        assert max(rules.values()) > CAMERAS, "and what sums up the cameras would be seen"
