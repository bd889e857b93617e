"""docs/alerts.md and .zh.md: an entry for each alert and nothing more, in both languages, and the words of notices."""

import dataclasses
import re

import pytest

from agent.config.notice_schema import Webhook
from agent.notices.notice import Notice, Sort
from tests.dashboards.rules import PROMETHEUS, ROOT, alerts, loaded, recorded
from tests.option_tables import is_chinese, options, spans

EN, ZH = (ROOT / "docs" / name for name in ("alerts.md", "alerts.zh.md"))
DASHBOARDS = PROMETHEUS / "dashboards.rules.yml"
"""Those are for panels: docs/dashboards.md."""

PAGES = pytest.mark.parametrize("page", [EN, ZH], ids=["en", "zh"])
LINES = {"en": ("Means", "Look at", "Do", "Wrong when"), "zh": ("含义", "看什么", "做什么", "何时不对")}


def text(page):
    return page.read_text(encoding="utf-8")


def entries(page) -> dict[str, list[str]]:
    """By alert: what stands under its heading."""
    runbook = re.split(r"^# ", text(page), flags=re.MULTILINE)[-1]
    parts = re.split(r"^### ", runbook, flags=re.MULTILINE)[1:]
    return {part.splitlines()[0]: [line for line in part.splitlines()[1:] if line.startswith("- ")] for part in parts}


@PAGES
def test_every_alert_has_an_entry_in_the_order_of_the_rules_and_nothing_more(page):
    in_files = [alert["alert"] for alert in alerts()]
    assert sorted(entries(page)) == sorted(in_files)
    assert len(entries(page)) == text(page).count("\n### Sla")


@PAGES
def test_an_entry_says_what_it_means_what_to_look_at_what_to_do_and_when_it_is_wrong(page):
    language = "zh" if page == ZH else "en"
    for name, lines in entries(page).items():
        heads = [re.match(r"- \*\*(.+?)\*\*[：:]", line) for line in lines]
        assert tuple(head[1] for head in heads if head) == LINES[language], name
        assert all(len(line) > 12 for line in lines if "**何时不对**" not in line and "**Wrong when**" not in line), (
            name
        )
        assert all(is_chinese(line) == (language == "zh") or "业务支撑率" in line for line in lines), name


def test_the_anchors_of_the_rules_lead_to_an_entry():
    for alert in alerts():
        anchor = alert["annotations"]["runbook_url"].rpartition("#")[2]
        assert anchor in {name.lower() for name in entries(ZH)}


@PAGES
def test_the_page_names_every_recording_rule(page):
    named = spans(text(page))
    of_dashboards = {rule["record"] for group in loaded(DASHBOARDS)["groups"] for rule in group["rules"]}
    for name in recorded() - of_dashboards:  # those stand in docs/dashboards.md, held by tests/test_docs_dashboards.py
        assert name in named or name.rpartition(":")[2] in named, name


@PAGES
def test_the_factors_are_those_of_the_rules_and_follow_from_the_yearly_budget(page):
    rows = re.findall(r"\| (SlaBurn\w+) \| (\d+) \S+ \| .*?\| ([\d.]+) % \| ([\d.]+) \|", text(page))
    assert len(rows) == 4
    rules = {alert["alert"]: alert for alert in alerts()}
    for name, long, share, factor in rows:
        hours = int(long) * (24 if name.endswith("d") else 1)
        assert abs(float(share) / 100 * 8760 / hours - float(factor)) < 0.03, name
        assert float(factor) < 20
        assert rules[name]["expr"].count(f"({factor} * (1 - role:sla_objective:ratio))") == 2


@PAGES
def test_every_sort_of_notice_and_field_and_form_is_named(page):
    named = spans(text(page))
    assert {str(sort) for sort in Sort} - {"test"} <= named
    assert {field.name for field in dataclasses.fields(Notice)} <= named
    assert {"json", "dingtalk", "wecom", "feishu"} <= named
    assert {option.path for option in options(Webhook, "en")} >= {"template_file", "url_secret"}


def test_both_languages_name_the_same_code():
    english, chinese = (
        [spans(part) for part in re.split(r"^#+ ", text(page), flags=re.MULTILINE)] for page in (EN, ZH)
    )
    assert len(english) == len(chinese)
