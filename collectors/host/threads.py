"""Calls that the kernel may never answer, kept off the loop.

The threads are daemons: executors join theirs at exit, so one hung mount would keep the agent from stopping.
"""

import asyncio
import errno
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Calls(Generic[T]):
    """Blocking calls in threads, at most one outstanding for each key: a hung one is joined, not repeated."""

    def __init__(self) -> None:
        self._outstanding: dict[str, asyncio.Future[T | OSError]] = {}

    def start(self, key: str, function: Callable[[], T]) -> asyncio.Future[T | OSError]:
        """The answer to come: of this call, or of the one still outstanding for the key.

        Errors: an OSError of the function is its answer, anything else is raised by awaiting it.
        """
        outstanding = self._outstanding.get(key)
        if outstanding is not None and not outstanding.done():
            return outstanding
        answer = asyncio.wrap_future(_in_thread(key, function))
        self._outstanding[key] = answer
        answer.add_done_callback(lambda done: self._forget(key, done))
        return answer

    def close(self) -> None:
        """Stop listening; a thread that still hangs ends with its call or with the process."""
        for answer in list(self._outstanding.values()):
            answer.cancel()

    def _forget(self, key: str, done: asyncio.Future[T | OSError]) -> None:
        if self._outstanding.get(key) is done:
            del self._outstanding[key]


def _in_thread(key: str, function: Callable[[], T]) -> "Future[T | OSError]":
    answer: Future[T | OSError] = Future()
    answer.set_running_or_notify_cancel()  # from here on nobody but the thread can end it
    try:
        threading.Thread(target=_run, args=(answer, function), name=f"host {key}", daemon=True).start()
    except RuntimeError as exc:  # the limit of threads is reached
        answer.set_result(OSError(errno.EAGAIN, str(exc)))
    return answer


def _run(answer: "Future[T | OSError]", function: Callable[[], T]) -> None:
    try:
        answer.set_result(function())
    except OSError as exc:
        answer.set_result(exc)
    except BaseException as exc:  # noqa: BLE001 (handed to whoever awaits the answer)
        answer.set_exception(exc)
