"""Bodies of requests that are too long for memory: into a file of the temporary folder, gone with the answer."""

import asyncio
import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from agent.errors import AgentError

LOG = logging.getLogger(__name__)

T = TypeVar("T")

PIECE = 1024 * 1024
SILENCE_SECONDS = 60.0
"""How long a sender may say nothing."""


class UploadError(AgentError):
    """The body did not come whole, or could not be kept."""


class Uploads:
    """Keeps bodies in a thread of its own: neither the loop nor the names that probes look up wait for a disk.

    `owner` is what only one process at a time can be: what a killed one left under it is removed at the start.
    """

    def __init__(self, max_bytes: int, owner: str) -> None:
        self._max = max_bytes
        self._prefix = f"sla-agent-import-{hashlib.sha256(os.fsencode(owner)).hexdigest()[:16]}-"
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="upload")

    @asynccontextmanager
    async def body(self, request: web.Request) -> AsyncIterator[Path]:
        """The body of a request as a file, alone in its folder. Errors: 408, 413, UploadError."""
        if request.content_length is not None and request.content_length > self._max:
            raise self._too_long(request.content_length)
        try:
            folder = Path(await self._run(partial(tempfile.mkdtemp, prefix=self._prefix)))
        except OSError as exc:
            raise UploadError(f"no place for the file: {exc.strerror}; make room there, or set TMPDIR") from exc
        try:
            path = folder / "body"
            await self._receive(request, path)
            yield path
        finally:
            await self._run(partial(shutil.rmtree, folder))

    async def clear(self) -> None:
        """Remove what a killed process left."""
        await self._run(self._clear)

    async def close(self) -> None:
        """Let what runs end."""
        await asyncio.to_thread(self._thread.shutdown)

    def _clear(self) -> None:
        try:
            where = Path(tempfile.gettempdir())
        except FileNotFoundError as exc:  # measuring needs none
            LOG.warning("no import through this agent: %s", exc.strerror)
            return
        for folder in where.glob(f"{self._prefix}*"):
            shutil.rmtree(folder, ignore_errors=True)

    async def _receive(self, request: web.Request, path: Path) -> None:
        """Errors: 408 for a sender that falls silent, 413 for too much, UploadError."""
        length = 0
        try:
            file = await self._run(lambda: path.open("xb"))
            try:
                while data := await self._piece(request):
                    length += len(data)
                    if length > self._max:
                        raise self._too_long(length)
                    await self._run(partial(file.write, data))
            finally:
                await self._run(file.close)
        except ConnectionError as exc:
            raise UploadError(f"the sender went away after {length} bytes; nothing was applied, send it again") from exc
        except OSError as exc:
            raise UploadError(
                f"{path}: {exc.strerror}; make room there, or give the agent another folder by TMPDIR"
            ) from exc
        except (web.RequestPayloadError, HttpProcessingError) as exc:
            raise web.HTTPBadRequest(text=f"the body broke off after {length} bytes: {exc}; send it again") from exc

    async def _piece(self, request: web.Request) -> bytes:
        """The next bytes, up to PIECE of them; none at the end."""
        pieces, length = [], 0
        try:
            while length < PIECE:
                async with asyncio.timeout(SILENCE_SECONDS):
                    data = await request.content.readany()
                if not data:
                    break
                pieces.append(data)
                length += len(data)
        except TimeoutError:
            raise web.HTTPRequestTimeout(text=f"the sender said nothing for {SILENCE_SECONDS:g} s") from None
        return b"".join(pieces)

    def _too_long(self, length: int) -> web.HTTPRequestEntityTooLarge:
        text = f"got {length} bytes or more, wanted at most {self._max // 1024 // 1024} MiB; split the file"
        return web.HTTPRequestEntityTooLarge(self._max, length, text=text)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
