"""python -m dashboards.preview --prometheus URL -o preview.html: the dashboards' panels as one page."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from dashboards.builders.files import FOLDER
from dashboards.preview.page import Board, page
from dashboards.preview.panels import Span, fill, panels
from dashboards.preview.prometheus import Prometheus, QueryError
from dashboards.preview.variables import choose

STEPS = 240


def main(arguments: Sequence[str]) -> int:
    """Write the page; 2 where Prometheus cannot be asked."""
    asked = _parse(arguments)
    end = time.time()  # noqa: TID251 (Prometheus's samples are dated by the wall clock)
    start = end - asked.minutes * 60
    span = Span(start, end, (end - start) / STEPS, max(4 * asked.scrape, (end - start) / STEPS))
    try:
        boards = [_board(path, Prometheus(asked.prometheus), span) for path in _files(asked.language, asked.only)]
    except QueryError as exc:
        sys.stderr.write(f"{exc}\n")
        return 2
    asked.output.write_text(page(boards, span, asked.language), encoding="utf-8")
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dashboards.preview", description=__doc__, allow_abbrev=False)
    parser.add_argument("--prometheus", required=True, metavar="URL", help="such as http://127.0.0.1:9090")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="the page that is written")
    parser.add_argument("--language", choices=("zh", "en"), default="zh")
    parser.add_argument("--minutes", type=float, default=30.0, help="how far back panels over time look")
    parser.add_argument("--scrape", type=float, default=15.0, help="seconds between two scrapes of the Prometheus")
    parser.add_argument("--only", default="", metavar="UID", help="one dashboard alone")
    return parser.parse_args(arguments)


def _files(language: str, only: str) -> list[Path]:
    order = ("city", "links", "cloud", "video", "faults", "coverage", "agent")
    return [FOLDER / language / f"sla-{name}.json" for name in order if only in ("", f"sla-{name}")]


def _board(path: Path, prometheus: Prometheus, span: Span) -> Board:
    dashboard = json.loads(path.read_text(encoding="utf-8"))
    chosen = choose(prometheus, dashboard, span.end)
    return Board(dashboard, [fill(prometheus, panel, chosen, span) for panel in panels(dashboard)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
