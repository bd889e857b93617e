"""The ways out, over real loopback servers: forms, signatures, refusals, and no secret in any message."""

import base64
import hashlib
import hmac
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
import trustme

from agent.config.notice_schema import Mail, Notices, Webhook
from agent.errors import UsageError
from agent.notices.checking import check_notices, example
from agent.notices.forms import Form
from agent.notices.notice import Notice, Sort, from_plain
from agent.notices.watch import is_night
from agent.notices.ways import MailWay, UnsentError, WebhookWay, refusal
from agent.notices.words import words
from tests.e2e.notice_peers import Robot, post, robot

ZONE = ZoneInfo("Asia/Shanghai")
AT = 1_767_225_600_000_000
NOTICE = Notice(
    id="F-1:opened:1", sort=Sort.OPENED, at=AT + 90_500_000, fault="F-1", root="L-1", name='旬阳"线路"', role="line",
    priority="P2", county="610981", county_name="旬阳市", carrier="电信", start=AT, deadline=AT + 10_800_000_000,
    outcome="pending", members=12, vantage="汇聚-1", simulated=True,
)  # fmt: skip


@pytest.fixture
def duty():
    with robot() as made:
        yield made


def hook(duty: Robot, **options: object) -> WebhookWay:
    return WebhookWay(Webhook.model_validate({"url": duty.url, **options}), Path(), lambda: AT)


async def sent(way: WebhookWay, notice: Notice = NOTICE, language: str = "zh") -> None:
    try:
        await way.send(notice, words(notice, language, ZONE))
    finally:
        await way.close()


async def test_json_has_every_field(duty: Robot):
    await sent(hook(duty))
    (body,) = duty.bodies
    assert from_plain(body["notice"]) == NOTICE
    assert body["title"] == '【模拟数据 SIMULATED】【故障】旬阳"线路" 中断'
    assert "波及：12 个对象" in body["text"]
    assert body["urgent"] is True


@pytest.mark.parametrize(
    ("template", "find"),
    [
        ("dingtalk", lambda body: (body["msgtype"], body["markdown"]["text"])),
        ("wecom", lambda body: (body["msgtype"], body["markdown"]["content"])),
        ("feishu", lambda body: (body["msg_type"], body["content"]["text"])),
    ],
)
async def test_each_robot_gets_its_own_form(duty: Robot, template: str, find):
    await sent(hook(duty, template=template))
    sort, text = find(duty.bodies[0])
    assert sort in ("markdown", "text")
    assert "SIMULATED" in text
    assert '旬阳"线路"' in text
    assert "2026-01-01 08:00:00" in text


async def test_dingtalk_s_signature_stands_in_the_url(duty: Robot, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KEY", "SEC123")
    way = hook(
        duty, url=f"{duty.url}?access_token=abc", template="dingtalk", sign="dingtalk", sign_secret={"env": "KEY"}
    )
    await sent(way)
    asked = parse_qs(urlsplit(duty.paths[0]).query)
    at = str(AT // 1000)
    wanted = base64.b64encode(hmac.new(b"SEC123", f"{at}\nSEC123".encode(), hashlib.sha256).digest()).decode()
    assert asked == {"access_token": ["abc"], "timestamp": [at], "sign": [wanted]}


async def test_feishu_s_signature_stands_in_the_body(duty: Robot, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KEY", "SEC123")
    await sent(hook(duty, template="feishu", sign="feishu", sign_secret={"env": "KEY"}))
    at = str(AT // 1_000_000)
    wanted = base64.b64encode(hmac.new(f"{at}\nSEC123".encode(), b"", hashlib.sha256).digest()).decode()
    assert (duty.bodies[0]["timestamp"], duty.bodies[0]["sign"]) == (at, wanted)


async def test_a_url_out_of_a_file_and_a_header(duty: Robot, tmp_path: Path):
    (tmp_path / "url").write_text(f"{duty.url}?key=hush\n", encoding="utf-8")
    (tmp_path / "token").write_text("Bearer t", encoding="utf-8")
    secret = {"file": str(tmp_path / "url")}
    await sent(hook(duty, url=None, url_secret=secret, authorization={"file": str(tmp_path / "token")}))
    assert duty.paths == ["/robot?key=hush"]
    assert duty.headers[0]["Authorization"] == "Bearer t"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b'{"errcode": 0, "errmsg": "ok"}', ""),
        (b'{"errcode": 310000, "errmsg": "sign not match"}', "errcode 310000 sign not match"),
        (b'{"code": 19021, "msg": "sign match fail"}', "code 19021 sign match fail"),
        (b'{"StatusCode": 0, "code": 0}', ""),
        (b'{"code": 200}', ""),
        (b'{"code": true}', ""),
        (b"ok", ""),
        (b"[]", ""),
        (b"\xff\xfe", ""),
    ],
)
def test_a_robot_that_says_no_with_200(answer: bytes, said: str):
    assert refusal(answer) == said


async def test_what_is_refused_is_not_sent_and_no_secret_is_told(duty: Robot):
    duty.answer = b'{"errcode": 1, "errmsg": "no"}'
    with pytest.raises(UnsentError, match="the receiver says no: errcode 1 no"):
        await sent(hook(duty))
    duty.status = 302
    with pytest.raises(UnsentError, match=r"^127\.0\.0\.1: HTTP 302") as caught:
        await sent(hook(duty, url=f"{duty.url}?key=hush"))
    assert "hush" not in str(caught.value)
    duty.server.server_close()
    duty.server.shutdown()
    with pytest.raises(UnsentError, match=r"^127\.0\.0\.1: ") as caught:
        await sent(hook(duty, url=f"{duty.url}?key=hush"))
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ notice.nothing }}", "has no attribute 'nothing'"),
        ("{{ nothing }}", "'nothing' is undefined"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{% for each in range(9) %}{% endfor %}", "undefined"),
        ("{{ 'x' * 300000 }}", "wanted at most 262144"),
    ],
)
def test_a_template_that_cannot_be_filled_in_is_refused(text: str, said: str):
    with pytest.raises(UsageError, match=said):
        Form(text, "mine.j2").body(NOTICE, words(NOTICE, "zh", ZONE), {})


def test_a_template_that_is_none_is_refused():
    with pytest.raises(UsageError, match=r"mine\.j2: got no Jinja2 template, line 1"):
        Form("{{ title", "mine.j2")


def test_check_fills_a_template_in_and_names_the_sink(tmp_path: Path):
    (tmp_path / "mine.j2").write_text("{{ notice.nothing }}", encoding="utf-8")
    options = Notices.model_validate({"webhooks": {"duty": {"url": "http://h/", "template_file": "mine.j2"}}})
    with pytest.raises(UsageError, match=r"notices\.webhooks\.duty\.template_file: mine\.j2: "):
        check_notices(options, tmp_path, ZONE)
    options = Notices.model_validate({"webhooks": {"duty": {"url": "http://h/", "template_file": "none.j2"}}})
    with pytest.raises(UsageError, match=r"No such file or directory; name a template that can be read"):
        check_notices(options, tmp_path, ZONE)
    options = Notices.model_validate({"alertmanagers": {"am": {"url": "http://h/", "ca_file": "/none.pem"}}})
    with pytest.raises(UsageError, match=r"notices\.alertmanagers\.am\.ca_file: got /none\.pem"):
        check_notices(options, tmp_path, ZONE)


async def test_a_template_of_one_s_own(duty: Robot, tmp_path: Path):
    (tmp_path / "mine.j2").write_text('{"text": {{ (title ~ notice.county) | tojson }}}', encoding="utf-8")
    way = WebhookWay(Webhook(url=duty.url, template_file="mine.j2"), tmp_path, lambda: AT)
    await sent(way, language="en")
    assert duty.bodies == [{"text": '【模拟数据 SIMULATED】[fault] 旬阳"线路" down610981'}]


async def mailed(mail: Mail) -> None:
    way = MailWay(mail, ZONE)
    try:
        await way.send(NOTICE, words(NOTICE, "zh", ZONE))
    finally:
        await way.close()


def mail_to(port: int, **options: object) -> Mail:
    own = {
        "host": "localhost",
        "port": port,
        "sender": "sla@example.gov.cn",
        "to": ["a@example.gov.cn", "b@example.gov.cn"],
    }
    return Mail.model_validate({**own, **options})


async def test_a_mail_arrives_with_its_chinese(tmp_path: Path):
    with post(tmp_path / "box") as server:
        await mailed(mail_to(server.port))
        (mail,) = server.mails
        assert server.subjects == ['【模拟数据 SIMULATED】【故障】旬阳"线路" 中断']
        assert (mail["From"], mail["To"]) == ("sla@example.gov.cn", "a@example.gov.cn, b@example.gov.cn")
        assert mail["Date"] == "Thu, 01 Jan 2026 08:01:30 +0800"
        assert "运营商：电信" in mail.get_payload(decode=True).decode()


async def test_a_mail_over_starttls_with_a_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PASSWORD", "hunter2")
    monkeypatch.setenv("WRONG", "hunter3")
    authority, files = trustme.CA(), [str(tmp_path / name) for name in ("cert.pem", "key.pem", "ca.pem")]
    issued = authority.issue_cert("localhost")
    Path(files[0]).write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(files[1])
    authority.cert_pem.write_to_path(files[2])
    secure = {"security": "starttls", "ca_file": files[2], "user": "sla"}
    with post(tmp_path / "box", files[0], files[1], "sla", "hunter2") as server:
        await mailed(mail_to(server.port, **secure, password={"env": "PASSWORD"}))
        assert len(server.mails) == 1
        with pytest.raises(UnsentError, match=r"localhost: SMTP 535") as caught:
            await mailed(mail_to(server.port, **secure, password={"env": "WRONG"}))
        assert "hunter3" not in str(caught.value)
        with pytest.raises(UnsentError, match=r"self-signed|unable to get local issuer"):
            await mailed(mail_to(server.port, **{**secure, "ca_file": None}, password={"env": "PASSWORD"}))
        assert len(server.mails) == 1
    with pytest.raises(UnsentError, match="Connection refused"):
        await mailed(mail_to(server.port))


@pytest.mark.parametrize(
    ("night", "hours"), [("", set()), ("22:00-07:00", {22, 23, *range(7)}), ("12:00-14:00", {12, 13})]
)
def test_the_night_may_go_over_midnight(night: str, hours: set[int]):
    midnight = AT - 8 * 3_600_000_000
    assert {hour for hour in range(24) if is_night(night, midnight + hour * 3_600_000_000, ZONE)} == hours


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_sort_has_words_in_both_languages(sort: Sort, language: str):
    notice = Notice(id="x", sort=sort, at=AT, root="L-1", start=AT - 61_000_000, of="业务", vantage="v", outcome="late")
    said = words(notice, language, ZONE)
    assert "{" not in said.title
    assert said.lines


def command(config: Path, sink: str) -> tuple[int, str]:
    arguments = [sys.executable, "-m", "agent", "notices", "test", sink, "--config.file", str(config)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout + done.stderr


def test_the_command_sends_one_message_and_says_what_came_of_it(duty: Robot, tmp_path: Path):
    config = tmp_path / "agent.yml"
    config.write_text(
        f'vantage: {{name: v}}\nnotices: {{webhooks: {{duty: {{url: "{duty.url}"}}}}}}\n', encoding="utf-8"
    )
    assert command(config, "duty") == (0, "duty: sent; look whether it has arrived\n")
    assert duty.sorts == ["test"]
    assert "测试" in duty.bodies[0]["title"]
    code, said = command(config, "dury")
    assert code == 2
    assert "notices: got the sink dury; did you mean duty?" in said
    duty.status = 500
    assert command(config, "duty") == (2, 'sla-agent: duty: not sent: 127.0.0.1: HTTP 500 {"errcode": 0}\n')


def test_the_example_is_what_the_check_uses():
    assert json.dumps(example("v", AT).plain())


@pytest.mark.parametrize("sort", Sort)
def test_every_sort_is_told_in_both_languages_through_the_catalogue(sort: Sort) -> None:
    notice = Notice(
        id="i", sort=sort, at=8_000_000_000, fault="F-1", root="r", role="line", start=1_000_000,
        restored=9_000_000_000,
        outcome="in_time", members=3, county="610902", carrier="T", responsible_unit="U", of="x", examples=("a", "b"),
        vantage="v", count=7,
    )  # fmt: skip
    chinese, english = (words(notice, language, ZoneInfo("Asia/Shanghai")) for language in ("zh", "en"))
    assert len(chinese.lines) == len(english.lines) > 0
    for text in (chinese.title, *chinese.lines):
        assert re.search("[\u4e00-\u9fff]", text), "a message that the catalogue lacks"
    for text in (english.title, *english.lines):
        assert not re.search("[\u4e00-\u9fff]", text)
    assert "%(" not in chinese.title + chinese.text + english.title + english.text
