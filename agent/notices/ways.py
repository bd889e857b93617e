"""The ways out: an HTTP POST, a mail. Each tries once; who calls decides whether to try again."""

import asyncio
import base64
import hashlib
import hmac
import json
import smtplib
import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import quote_plus
from zoneinfo import ZoneInfo

import aiohttp
from yarl import URL

from agent.config.notice_schema import Mail, Sink, Webhook
from agent.errors import UsageError
from agent.notices.forms import Form, form_of
from agent.notices.notice import Notice
from agent.notices.words import Words
from collectors.options import Secret
from sla.periods import to_datetime

MAX_ANSWER = 64 * 1024
OK = range(200, 300)


class UnsentError(Exception):
    """It did not get out, and why; no secret is in it."""


class Way(Protocol):
    """One sink."""

    async def send(self, notice: Notice, words: Words) -> None: ...
    async def close(self) -> None: ...


class WebhookWay:
    """A robot or a gateway."""

    def __init__(self, hook: Webhook, folder: Path, wall_us: Callable[[], int]) -> None:
        self._hook, self._wall_us = hook, wall_us
        self._form: Form = form_of(hook, folder)
        self._client = Client(hook)

    async def send(self, notice: Notice, words: Words) -> None:
        """Errors: UnsentError, also where a robot takes it and says no in its answer."""
        try:
            url, signed = self._signed(self._url())
            body = self._form.body(notice, words, signed)
        except (UsageError, ValueError) as exc:
            raise UnsentError(str(exc)) from exc
        answer = await self._client.post(url, body, authorization(self._hook.authorization))
        refused = refusal(answer)
        if refused:
            raise UnsentError(f"the receiver says no: {refused}")

    async def close(self) -> None:
        await self._client.close()

    def _url(self) -> str:
        if self._hook.url_secret is not None:
            url = self._hook.url_secret.reveal().strip()
            if not url.startswith(("http://", "https://")):
                raise ValueError("url_secret: wanted a URL that begins with http:// or https://")
            return url
        return self._hook.url or ""

    def _signed(self, url: str) -> tuple[str, Mapping[str, str]]:
        if self._hook.sign_secret is None:
            return url, {}
        key = self._hook.sign_secret.reveal()
        if self._hook.sign == "dingtalk":
            at = str(self._wall_us() // 1000)
            sign = _digest(key.encode(), f"{at}\n{key}".encode())
            joint = "&" if "?" in url else "?"
            return f"{url}{joint}timestamp={at}&sign={quote_plus(sign)}", {"timestamp": at, "sign": sign}
        at = str(self._wall_us() // 1_000_000)
        return url, {"timestamp": at, "sign": _digest(f"{at}\n{key}".encode(), b"")}


class Client:
    """HTTP of one sink: no proxy, no redirect, bounded answers."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        """The answer. Errors: UnsentError naming host and what went wrong, never the path, which may be a secret."""
        try:
            where = URL(url, encoded=True)
            session = self._opened()
            kind = {"Content-Type": "application/json; charset=utf-8"}
            async with session.post(where, data=body, headers={**kind, **headers}, allow_redirects=False) as answer:
                data = await answer.content.read(MAX_ANSWER)
                if answer.status not in OK:
                    raise UnsentError(f"{where.host}: HTTP {answer.status} {_shown(data)}".rstrip())
                return data
        except TimeoutError as exc:
            raise UnsentError(f"{_host(url)}: no answer within {self._sink.timeout:g} s") from exc
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            why = getattr(exc, "strerror", None) or type(exc).__name__
            raise UnsentError(f"{_host(url)}: {why}") from exc

    async def close(self) -> None:
        """No more."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            context = ssl.create_default_context(cafile=self._sink.ca_file)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=context, limit=2, force_close=True),
                timeout=aiohttp.ClientTimeout(total=self._sink.timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


class MailWay:
    """A mail server. smtplib waits, so it has a thread of its own: no other part of the agent waits for it."""

    def __init__(self, mail: Mail, zone: ZoneInfo) -> None:
        self._mail, self._zone = mail, zone
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mail")

    async def send(self, notice: Notice, words: Words) -> None:
        """Errors: UnsentError."""
        message = self._message(notice, words)
        await asyncio.get_running_loop().run_in_executor(self._thread, self._deliver, message)

    async def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _message(self, notice: Notice, words: Words) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = words.title
        message["From"] = self._mail.sender
        message["To"] = ", ".join(self._mail.to)
        message["Date"] = format_datetime(to_datetime(notice.at, self._zone))
        domain = self._mail.sender.rpartition("@")[2]
        message["Message-ID"] = f"<{hashlib.sha256(notice.id.encode()).hexdigest()[:32]}@{domain}>"
        message.set_content(f"{words.title}\n\n{words.text}\n")
        return message

    def _deliver(self, message: EmailMessage) -> None:
        mail = self._mail
        try:
            with self._connected() as server:
                if mail.security == "starttls":
                    server.starttls(context=ssl.create_default_context(cafile=mail.ca_file))
                if mail.user is not None and mail.password is not None:
                    server.login(mail.user, mail.password.reveal())
                refused = server.send_message(message)
        except smtplib.SMTPResponseException as exc:
            said = exc.smtp_error.decode(errors="replace") if isinstance(exc.smtp_error, bytes) else exc.smtp_error
            raise UnsentError(f"{mail.host}: SMTP {exc.smtp_code} {said[:200]}") from exc
        except (smtplib.SMTPException, OSError, ValueError) as exc:
            raise UnsentError(f"{mail.host}: {getattr(exc, 'strerror', None) or str(exc)[:200]}") from exc
        if refused:
            raise UnsentError(f"{mail.host}: refuses {', '.join(refused)}")

    def _connected(self) -> smtplib.SMTP:
        mail = self._mail
        if mail.security == "tls":
            context = ssl.create_default_context(cafile=mail.ca_file)
            return smtplib.SMTP_SSL(mail.host, mail.port, timeout=mail.timeout, context=context)
        return smtplib.SMTP(mail.host, mail.port, timeout=mail.timeout)


def refusal(answer: bytes) -> str:
    """What a robot says no with: DingTalk and WeCom answer 200 and an errcode, Feishu a code. "" where it took it."""
    try:
        said = json.loads(answer)
    except ValueError:
        return ""
    for name in ("errcode", "code", "StatusCode"):
        code = said.get(name) if isinstance(said, dict) else None
        if isinstance(code, int) and not isinstance(code, bool) and code not in (0, *OK):
            return f"{name} {code} {said.get('errmsg') or said.get('msg') or ''}".strip()[:200]
    return ""


def authorization(secret: Secret | None) -> dict[str, str]:
    """The header, where there is one. Errors: UnsentError where the secret cannot be read."""
    if secret is None:
        return {}
    try:
        return {"Authorization": secret.reveal()}
    except ValueError as exc:
        raise UnsentError(str(exc)) from exc


def _digest(key: bytes, text: bytes) -> str:
    return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def _shown(data: bytes) -> str:
    return " ".join(data[:200].decode(errors="replace").split())


def _host(url: str) -> str:
    try:
        return URL(url, encoded=True).host or "the URL"
    except ValueError:
        return "the URL"
