"""The pages over a real agent, read as a strict browser reads them: in both languages, with every state on them."""

import html
import re
from pathlib import Path
from urllib.parse import quote

import pytest

from agent.app import Agent
from agent.web.render import accepted_language
from collectors.base import ok
from tests.agent.web_worlds import Page, world

PART = "me#disk//srv <b>"
PAGES = ("/", "/targets/zy%2Fmaoba:9", "/targets/never", "/targets/me", f"/targets/{quote(PART, safe='')}", "/nowhere")
EMPTY = "store: {{url: 'sqlite:///{store}'}}\nweb: {{listen_address: '127.0.0.1:0'}}\n"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", PAGES)
async def test_every_page_is_sound_html_without_script_or_style(tmp_path: Path, path: str, language: str):
    async with world(tmp_path) as w:
        await w.live()
        status = 404 if path == "/nowhere" else 200
        got = await w.get(f"{path}?lang={language}", status, **BROWSER)
    page = got.html
    assert page.all("html")[0]["lang"] == {"zh": "zh-CN", "en": "en"}[language]
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("title")) == 1
    assert not page.all("script")
    assert not page.all("style")
    check_attributes(page)
    check_labels(page)
    check_links(page)


def check_attributes(page: Page) -> None:
    for tag, attrs, _ in page.elements:
        assert "style" not in attrs, tag
        assert not [name for name in attrs if name.startswith("on")], tag
    ids = [attrs["id"] for _, attrs, _ in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    for _, attrs, _ in page.elements:
        if "aria-labelledby" in attrs:
            assert attrs["aria-labelledby"] in ids


def check_labels(page: Page) -> None:
    """Every drawing speaks, or stands beside words that say the same."""
    for attrs in page.all("svg"):
        assert attrs.get("aria-hidden") == "true" or (attrs.get("role") == "img" and attrs["aria-label"])
    for attrs in page.all("th"):
        assert attrs["scope"] in ("row", "col")
    for attrs in page.elements:
        if "scroll" in attrs[1].get("class", "").split():
            assert attrs[1]["tabindex"] == "0"
            assert attrs[1]["aria-label"]


def check_links(page: Page) -> None:
    """Nothing is loaded from elsewhere, and every icon that is used is there."""
    symbols = {f"#{attrs['id']}" for attrs in page.all("symbol")}
    assert {attrs["href"] for attrs in page.all("use")} <= symbols
    for attrs in [*page.all("a"), *page.all("link")]:
        assert attrs["href"].startswith(("/", "?", "#")), attrs
        assert not attrs["href"].startswith("//"), attrs


async def test_the_first_sentence_says_what_is_wrong(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        zh = (await w.get("/?lang=zh")).html
        en = (await w.get("/?lang=en")).html
    assert "1 个对象中断，1 个降级，2 个未知" in squeezed(zh)
    assert "1 target down, 1 degraded, 2 unknown" in en.text
    assert "其部件中有 1 个不正常" in zh.text


async def test_what_is_not_up_stands_first_with_its_reason_and_parts_of_targets_too(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        text = (await w.get("/?lang=zh")).html.text
    first, _, rest = text.partition("全部对象")
    assert first.index("毛坝镇") < first.index("slow") < first.index("never")
    for said in ("连接被拒绝 refused", "往返时延过长", "读数尚不足以确认", "disk//srv <b>", "the mount is gone"):
        assert said in first
    assert "回环地址" not in first
    assert "回环地址" in rest


async def test_no_percentage_stands_without_its_numerator_and_denominator(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        for path in ("/", "/targets/lo", "/targets/slow"):
            got = await w.get(path)
            proof = re.compile(r'<span class="num">[0-9.]+( – [0-9.]+)?<small>%</small></span><span class="nd">([^<]+)')
            proofs = [match[1] for match in proof.findall(got.text)]
            assert proofs
            assert got.text.count("%</small>") == len(proofs)
            assert all(" / " in one for one in proofs)


async def test_time_before_the_first_reading_widens_the_figure_and_flatters_nothing(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        text = (await w.get("/targets/lo?lang=en")).html.text
    # 4 of 484 minutes of the day are known to be up; the last reading speaks until the last write
    assert "0.8264 – 100.0000 % 0:04:00 – 8:04:00 / 8:04:00 up 4:00 unknown 8:00:00" in text


async def test_where_nothing_was_measured_there_is_no_figure_but_a_reason(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        never = (await w.get("/targets/never?lang=zh")).html.text
        old = (await w.get("/targets/old?lang=zh")).html.text
    assert "今日 — 没有测到任何时间" in never
    assert "今日 — 未在用" in old


async def test_unknown_is_drawn_as_unknown_and_down_as_down(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        page = (await w.get("/targets/zy%2Fmaoba:9?lang=en")).html
        never = (await w.get("/targets/never?lang=en")).html
    fills = [attrs["class"] for tag, attrs, inside in page.elements if tag == "rect" and inside[-1:] == ("svg",)]
    assert {"f-down", "f-unknown"} <= set(fills)
    drawn = [attrs for attrs in page.all("svg") if attrs.get("role") == "img"]
    assert {attrs["aria-label"] for attrs in drawn} == {"zy/maoba:9: Last 24 hours: down 4:00, unknown 23:56:00"}
    assert {attrs["aria-label"] for attrs in never.all("svg") if "role" in attrs} == {
        "never: Last 24 hours: unknown 24:00:00"
    }


async def test_an_edge_is_shown_with_the_readings_that_made_it(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        text = (await w.get("/targets/zy%2Fmaoba:9?lang=en")).html.text
    edges = text.partition("Changes of state with their readings")[2]
    assert "08:00:00 down confirmed by readings" in edges
    assert edges.count("failed: connection refused refused") == 3


async def test_an_open_streak_is_shown_as_not_confirmed(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        await w.probe("zy/maoba:9", ok())
        await w.write()
        text = (await w.get("/targets/zy%2Fmaoba:9?lang=en")).html.text
        home = (await w.get("/?lang=en")).html.text
    assert "down since 08:00:00" in text
    assert "08:04:00 ok against the state, not confirmed yet" in text
    assert "1 reading in a row against its state, not confirmed yet" in home


async def test_text_of_targets_is_escaped(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        got = await w.get(f"/targets/{quote(PART, safe='')}")
    assert "<b>" not in re.sub(r"<b><time|<b>[^<]*</b>", "", got.text)
    assert "disk//srv &lt;b&gt;" in got.text


async def test_a_page_that_nothing_was_written_for_says_so_in_red(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        fresh = (await w.get("/?lang=zh")).html
        w.clock.seconds += 61
        stale = (await w.get("/?lang=zh")).html
    assert "采集正常" in fresh.text
    assert not [attrs for _, attrs, _ in fresh.elements if attrs.get("role") == "alert"]
    assert "采集正常" not in stale.text
    assert "已有 1:01 没有数据落盘" in stale.text
    assert "没有数据落盘" in stale.text


async def test_the_bar_tells_of_every_plane_whether_it_is_checked(tmp_path: Path):
    async with world(tmp_path) as w:
        before = (await w.get("/?lang=zh")).html.text
        await w.live()
        after = (await w.get("/?lang=zh")).html.text
    assert "自检 网关 未设" in after
    assert "自检 业务 尚未通过" in before
    assert "自检 业务 正常" in after
    assert "已测 5 / 7 个对象" in after
    assert "探测点 汇聚机房-1" in after


async def test_a_simulated_store_is_marked_on_every_page(tmp_path: Path):
    def mark(agent: Agent) -> None:
        agent.writer.set_meta("simulated", "true")

    async with world(tmp_path, before=mark) as w:
        await w.live()
        for path in ("/", "/targets/lo"):
            for language in ("zh", "en"):
                page = (await w.get(f"{path}?lang={language}")).html
                assert page.text.count("模拟数据 SIMULATED") == 2
        assert (await w.get("/api/v1/status")).json["simulated"] is True


async def test_without_targets_the_page_says_what_to_do(tmp_path: Path):
    async with world(tmp_path, EMPTY) as w:
        page = (await w.get("/?lang=zh")).html
    assert "尚未配置探测对象" in page.text
    assert "sla-agent check" in page.text


async def test_where_all_is_well_the_page_says_so_and_lists_nothing_as_wrong(tmp_path: Path):
    config = EMPTY + "targets: [{{target_id: lo, kind: icmp, address: 127.0.0.1}}]\n"
    async with world(tmp_path, config) as w:
        for _ in range(2):
            await w.probe("lo", ok())
            w.clock.seconds += 10
        await w.write()
        zh, en = (await w.get("/?lang=zh")).html.text, (await w.get("/?lang=en")).html.text
    assert "1 个对象全部正常" in zh
    assert "1 target, up" in en
    assert "Every target in service answers" in en


async def test_the_landing_page_reloads_itself_and_others_do_not(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live(minutes=1)
        home, target = (await w.get("/")).html, (await w.get("/targets/lo")).html
    assert {"http-equiv": "refresh", "content": "60"} in home.all("meta")
    assert not [attrs for attrs in target.all("meta") if "http-equiv" in attrs]


@pytest.mark.parametrize(
    ("headers", "query", "wanted"),
    [
        ({}, "", "zh"),
        ({"Accept-Language": "en-GB,en;q=0.9,zh;q=0.8"}, "", "en"),
        ({"Accept-Language": "de, en;q=0.2, zh-TW;q=0.7"}, "", "zh"),
        ({"Accept-Language": "fr"}, "", "zh"),
        ({"Accept-Language": "en", "Cookie": "lang=zh"}, "", "zh"),
        ({"Cookie": "lang=zh"}, "?lang=en", "en"),
        ({"Cookie": "lang=xx"}, "?lang=yy", "zh"),
    ],
)
async def test_the_language_is_that_of_the_address_the_cookie_or_the_browser(tmp_path: Path, headers, query, wanted):
    async with world(tmp_path, EMPTY) as w:
        got = await w.get(f"/{query}", **headers)
    assert got.headers["Content-Language"] == wanted
    assert got.html.all("html")[0]["lang"].startswith(wanted)


def test_a_broken_accept_language_falls_back_to_chinese():
    assert [accepted_language(text) for text in ("", ";", "en;q=x", "*", ",,en;q=0")] == ["zh"] * 5


async def test_a_choice_is_remembered_in_a_cookie_and_only_a_choice(tmp_path: Path):
    async with world(tmp_path, EMPTY) as w:
        chosen = await w.get("/?lang=en&theme=dark")
        plain = await w.get("/")
        odd = await w.get("/?theme=pink")
        dark = await w.get("/", Cookie="theme=dark")
        auto = await w.get("/", Cookie="theme=auto")
    assert set(chosen.cookies) == {"lang=en", "theme=dark"}
    assert all("HttpOnly" in text and "SameSite=Lax" in text for text in chosen.cookies.values())
    assert "Set-Cookie" not in plain.headers
    assert "Set-Cookie" not in odd.headers
    assert dark.html.all("html")[0]["data-theme"] == "dark"
    assert "data-theme" not in auto.html.all("html")[0]


async def test_an_unknown_target_offers_near_ones(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live(minutes=1)
        got = await w.get("/targets/lin-7?lang=zh", 404, **BROWSER)
        as_json = await w.get("/targets/lin-7", 404)
    assert "没有编号为 lin-7 的对象" in got.html.text
    assert {"class": "mono", "href": "/targets/line-7"} in got.html.all("a")
    assert as_json.headers["Content-Type"].startswith("application/problem+json")


async def test_static_files_are_kept_for_ever_under_the_address_that_pages_use(tmp_path: Path):
    async with world(tmp_path, EMPTY) as w:
        page = (await w.get("/")).html
        for attrs in page.all("link"):
            got = await w.get(attrs["href"])
            assert "immutable" in got.headers["Cache-Control"]
            plain = await w.get(attrs["href"].partition("?")[0])
            assert plain.headers["Cache-Control"] == "no-cache"
        css = await w.get("/static/console.css")
        await w.get("/static/..%2Fopenapi.json", 404)
        await w.get("/static/nothing.css", 404)
    assert css.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "http:" not in css.text
    assert "@import" not in css.text


async def test_more_targets_than_a_page_holds_are_counted_and_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("agent.web.landing.ROWS_MAX", 3)
    async with world(tmp_path) as w:
        await w.live()
        text = (await w.get("/?lang=en")).html.text
    assert "The first 3 of 7 targets; all of them: /api/v1/targets" in text
    assert "The first 3 of 5; all of them:" in text


async def test_a_page_is_dated_by_the_last_durable_write_and_shows_no_time_ahead(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        w.clock.seconds += 30
        text = (await w.get("/targets/lo?lang=en")).html.text
    assert "As of 2026-01-01 08:04:00 (30 seconds ago)" in text
    assert "up to 2026-01-01 08:04:00" in text


def squeezed(page: Page) -> str:
    """The page's text without the spaces that a reader does not see between Chinese words."""
    return page.text.replace(" ，", "，").replace("， ", "，")


@pytest.mark.parametrize(
    ("said", "language", "shown"),
    [("{zh: 试运行, en: On trial <b>}", "zh", "试运行"), ("{zh: 试运行, en: On trial <b>}", "en", "On trial <b>"),
     ("{zh: 试运行}", "en", "试运行"), ("{}", "en", None)],
)  # fmt: skip
async def test_the_operators_sentence_stands_at_the_head_in_the_visitors_language(
    tmp_path: Path, said: str, language: str, shown: str | None
):
    config = EMPTY.replace("web: {{", "web: {{note: " + said.replace("{", "{{").replace("}", "}}") + ", ")
    async with world(tmp_path, config) as w:
        page = (await w.get(f"/?lang={language}", 200, **BROWSER)).text
    notes = re.findall('<p class="note">(.*?)</p>', page)
    assert [html.unescape(note) for note in notes] == ([] if shown is None else [shown])
    assert "<b>" not in "".join(notes), "it is text, never markup"


async def test_an_old_reading_of_an_unknown_target_is_called_out_of_date(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        fresh = (await w.get("/?lang=en")).html.text
        w.clock.seconds += 600
        w.agent.ledger.tick(w.now())
        await w.write()
        home = (await w.get("/?lang=en")).html.text
        page = (await w.get("/targets/lo?lang=en")).html.text
        line = (await w.get("/targets/line-7?lang=en")).html.text
    assert "out of date" not in fresh
    assert home.count("ok out of date, nothing valid since") == home.count("ok out of date") > 0
    assert "ok out of date, nothing valid since" in page
    assert "out of date" not in line, "an error was valid for no time at all"


async def test_the_bar_says_when_the_last_write_was_once(tmp_path: Path):
    async with world(tmp_path) as w:
        await w.live()
        got = await w.get("/?lang=en")
    bar = got.text.partition('<section class="fresh"')[2].partition("</section>")[0]
    assert bar.count(">2026-01-01 08:04:00<") == bar.count("<time") == 1
    assert 'title="Last durable write"' in bar
