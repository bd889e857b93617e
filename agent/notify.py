"""The service manager's socket (sd_notify): what state we are in, and that we get on with our work.

Own code rather than a library: one datagram, and what matters here, when not to send it, no library knows.
"""

import logging
import os
import socket
from collections import deque
from collections.abc import MutableMapping

LOG = logging.getLogger(__name__)

OWED = 8
"""State changes kept for a manager that takes none at the moment; later ones count more."""


class ServiceManager:
    """Where messages go. Without NOTIFY_SOCKET nobody listens, and every message is nothing."""

    def __init__(self, address: str = "", watchdog_us: int = 0) -> None:
        self.watchdog_us = watchdog_us if address else 0
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._owed: deque[str] = deque(maxlen=OWED)
        self._refused = False
        self._socket: socket.socket | None = None

    @classmethod
    def found(cls, environ: MutableMapping[str, str] = os.environ, pid: int | None = None) -> "ServiceManager":
        """The one that started this process. The variables are taken out: no child of ours may speak for us."""
        address = environ.pop("NOTIFY_SOCKET", "")
        microseconds, of = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
        if address and address[0] not in "/@":
            LOG.warning("NOTIFY_SOCKET=%s is no AF_UNIX address; the service manager is told nothing", address)
            address = ""
        is_ours = of in ("", str(os.getpid() if pid is None else pid))
        return cls(address, int(microseconds) if is_ours and microseconds.isascii() and microseconds.isdigit() else 0)

    @property
    def listens(self) -> bool:
        """Whether there is one."""
        return bool(self._address)

    def state(self, *lines: str) -> None:
        """A change of state: kept for later where the manager cannot take it now."""
        self._owed.append("\n".join(lines))
        self._pay()

    def pulse(self, *lines: str) -> None:
        """What is worth nothing later: sent now or not at all."""
        if self._pay():
            self._send("\n".join(lines))

    def close(self) -> None:
        """No more messages."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._address = ""

    def _pay(self) -> bool:
        while self._owed:
            if not self._send(self._owed[0]):
                return False
            self._owed.popleft()
        return True

    def _send(self, text: str) -> bool:
        if not self._address:
            return True
        try:
            self._opened().sendto(text.encode(), self._address)
        except OSError as exc:  # a manager that is gone or full is no reason to measure less
            if not self._refused:
                LOG.warning("the service manager takes no message: %s", exc.strerror or exc)
            self._refused = True
            return False
        self._refused = False
        return True

    def _opened(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)
        return self._socket
