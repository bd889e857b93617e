"""The panels of every dashboard as tables for docs/dashboards.md: python -m dashboards.builders.listing LANGUAGE."""

import sys

from dashboards.builders.files import DASHBOARDS
from dashboards.builders.model import Dashboard, Language
from dashboards.builders.render import uid_in

HEADS = {"zh": "| 面板 | 含义 |", "en": "| panel | meaning |"}


def listing(language: Language) -> str:
    """All of them, a heading each."""
    return "\n".join(_one(dashboard, language) for dashboard in DASHBOARDS)


def _one(dashboard: Dashboard, language: Language) -> str:
    panels = (panel for section in dashboard.sections for panel in section.panels)
    told = {panel.title.of(language): panel.description.of(language) for panel in panels}
    rows = "".join(f"| {title} | {text} |\n" for title, text in told.items())
    head = f"### {dashboard.title.of(language)} (`{uid_in(dashboard.uid, language)}`)\n"
    return f"{head}\n{dashboard.description.of(language)}\n\n{HEADS[language]}\n|---|---|\n{rows}"


if __name__ == "__main__":
    sys.stdout.write(listing("zh" if sys.argv[1] == "zh" else "en"))
