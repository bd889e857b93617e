"""All dashboards as files: dashboards/grafana/LANGUAGE/UID.json."""

import json
from collections.abc import Mapping
from pathlib import Path

from dashboards.builders.agent import AGENT
from dashboards.builders.city import CITY
from dashboards.builders.cloud import CLOUD
from dashboards.builders.coverage import COVERAGE
from dashboards.builders.faults import FAULTS
from dashboards.builders.links import LINKS
from dashboards.builders.model import LANGUAGES
from dashboards.builders.render import dashboard_json
from dashboards.builders.video import VIDEO

DASHBOARDS = (CITY, LINKS, CLOUD, VIDEO, FAULTS, COVERAGE, AGENT)

FOLDER = Path(__file__).parents[1] / "grafana"


def texts() -> Mapping[str, str]:
    """The text of every file, by its path below FOLDER."""
    return {
        f"{language}/{dashboard.uid}.json": json.dumps(
            dashboard_json(dashboard, language), ensure_ascii=False, indent=1, sort_keys=True
        )
        + "\n"
        for language in LANGUAGES
        for dashboard in DASHBOARDS
    }


def write(folder: Path = FOLDER) -> list[Path]:
    """Write them all; the paths of those that changed."""
    changed = []
    for name, text in texts().items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed
