"""What a server says, in lines and then in packets; every read has a bound."""

from collectors.certificates import shorten
from collectors.links import Link
from collectors.wire.ssh import HEADER_BYTES, payload_of, rest_of_packet


class Incoming:
    """Hears a link out, piece by piece. Errors: EndError, from every method."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._heard = bytearray()

    @property
    def beginning(self) -> str:
        """What was heard and not taken yet, as far as it can be shown."""
        return bytes(self._heard[:200]).decode("utf-8", "backslashreplace")

    async def line(self, most: int) -> bytes:
        """The next line with its end, or `most` bytes and more where none has come by then."""
        while (end := self._heard.find(b"\n")) < 0 and len(self._heard) < most:
            await self._hear()
        return self._take(end + 1 or len(self._heard))

    async def payload(self) -> bytes:
        """That of the next packet. Errors: SshFormatError too, for what is no packet."""
        header = await self._exactly(HEADER_BYTES)
        rest = await self._exactly(rest_of_packet(header))
        return payload_of(header, rest)

    async def _exactly(self, count: int) -> bytes:
        while len(self._heard) < count:
            await self._hear()
        return self._take(count)

    def _take(self, count: int) -> bytes:
        taken = bytes(self._heard[:count])
        del self._heard[:count]
        return taken

    async def _hear(self) -> None:
        self._heard += await self._link.receive(f" after {shorten(self.beginning)}" if self._heard else "")
