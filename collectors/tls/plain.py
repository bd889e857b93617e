"""The plain bytes of a dialogue before TLS; what a peer may say is bounded."""

from collectors.base import Reason, failed
from collectors.certificates import shorten
from collectors.ending import EndError
from collectors.links import Link

_MAX_PLAIN = 64 * 1024


class Plain:
    """Talks over a link in lines, and tells the trace. Errors: EndError, from every method."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.step = link.walk.target.step
        self._plain = bytearray()
        self._heard = 0

    @property
    def own_literal(self) -> str:
        """Our address as SMTP writes a client without a name (RFC 5321 4.1.3)."""
        host = self.link.own_host.partition("%")[0]
        return f"[IPv6:{host}]" if ":" in host else f"[{host}]"

    async def say(self, line: str) -> None:
        """Send one line."""
        self.step("send", line)
        await self.link.send(f"{line}\r\n".encode("ascii"))

    async def line(self) -> str:
        """The next line without its end. Errors: protocol where a line takes too long to end."""
        while (end := self._plain.find(b"\n")) < 0:
            await self._more()
        line = await self.take(end + 1)
        text = line.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
        self.step("received", shorten(text))
        return text

    async def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        while len(self._plain) < count:
            await self._more()
        data = bytes(self._plain[:count])
        del self._plain[:count]
        return data

    async def _more(self) -> None:
        data = await self.link.receive()
        self._heard += len(data)
        self._plain += data
        if self._heard > _MAX_PLAIN:
            said = f"{self._heard} bytes and no answer that ends; it begins {shorten(self._beginning())}"
            raise self.wrong(Reason.PROTOCOL, said)

    def _beginning(self) -> str:
        return bytes(self._plain[:200]).decode("utf-8", "backslashreplace")

    def end(self) -> None:
        """From here on only TLS. Errors: protocol where the peer, or who stands between, said more in plain."""
        if self._plain:
            said = f"{len(self._plain)} plain bytes after the agreement to begin TLS: {shorten(self._beginning())}"
            raise self.wrong(Reason.PROTOCOL, said)

    def wrong(self, reason: Reason, said: str) -> EndError:
        """The end of the dialogue by what the peer said."""
        return EndError(failed(reason, f"{self.link.walk.doing}: {said}"))
