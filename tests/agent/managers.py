"""A service manager's end of the socket: a real datagram socket that keeps what it is told."""

import select
import socket
import time
from pathlib import Path


class Manager:
    """Receives messages. `address` goes into NOTIFY_SOCKET: a path, or an abstract name."""

    def __init__(self, folder: Path, *, abstract: bool = False) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        if abstract:
            self._socket.bind(b"")  # the kernel picks a name
            self.address = "@" + self._socket.getsockname()[1:].decode()
        else:
            self.address = str(folder / "notify")
            self._socket.bind(self.address)

    def __enter__(self) -> "Manager":
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.close()

    def heard(self, seconds: float = 0) -> dict[str, str] | None:
        """The next message, waited for so long; None if there is none."""
        if not select.select([self._socket], [], [], seconds)[0]:
            return None
        lines = self._socket.recv(4096).decode().split("\n")
        return dict(line.split("=", 1) for line in lines)

    def until(self, name: str, value: str = "1", seconds: float = 60) -> list[dict[str, str]]:
        """Everything up to a message with this, which has to come."""
        found: list[dict[str, str]] = []
        end = time.monotonic() + seconds
        while not found or found[-1].get(name) != value:
            message = self.heard(max(end - time.monotonic(), 0))
            assert message is not None, f"{name}={value} did not come; heard {found}"
            found.append(message)
        return found

    def all(self) -> list[dict[str, str]]:
        """Everything that has come."""
        found = []
        while (message := self.heard()) is not None:
            found.append(message)
        return found
