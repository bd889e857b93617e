"""TLS over one TCP connection of a probe, begun when the caller says so."""

import ssl
from contextlib import suppress

from collectors.certificates import tls_reading
from collectors.ending import EndError
from collectors.links import Link


class Secured:
    """TLS over a link. The bytes pass through memory, so that each wait is on the socket and each error is seen."""

    def __init__(self, link: Link, context: ssl.SSLContext, server_name: str) -> None:
        self._link = link
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)

    async def shake_hands(self) -> None:
        """Errors: EndError."""
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._turn()
            except ssl.SSLError as exc:
                raise await self._broken(exc) from exc
            else:
                return

    async def part(self) -> None:
        """Say goodbye, and hear what the peer still says. Errors: EndError where it refuses us now.

        In TLS 1.3 our side is done before the peer has looked at our certificate, or missed it (RFC 8446 4.4.2.4):
        its refusal is an alert that comes after the handshake. Any other end is a good one.
        """
        with suppress(ssl.SSLError):  # it wants an answer that may never come; our goodbye is ready to go
            self.tls.unwrap()
        try:
            await self._flush()
            while self.tls.version() == "TLSv1.3" and self._may_refuse_yet():
                await self._turn()
        except EndError:  # it closed, or broke off what we had ended: no refusal
            return
        except ssl.SSLError as exc:
            if "ALERT" in (exc.reason or ""):
                raise EndError(tls_reading(exc, "after the TLS handshake the peer refused")) from exc

    def _may_refuse_yet(self) -> bool:
        """False once it said goodbye or sent data: it had let us in. Errors: ssl.SSLError for an alert."""
        try:
            self.tls.read(1)
        except ssl.SSLWantReadError:
            return True
        except ssl.SSLZeroReturnError:
            return False
        return False

    async def _turn(self) -> None:
        await self._flush()
        self._incoming.write(await self._link.receive())

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._link.send(self._outgoing.read())

    async def _broken(self, exc: ssl.SSLError) -> EndError:
        """The failure, once our alert has gone out: the peer's log shall say why."""
        reading = tls_reading(exc, self._link.walk.doing)
        with suppress(EndError):  # it may be gone already; what it said counts
            await self._flush()
        return EndError(reading)
