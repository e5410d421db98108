"""Tells systemd how the service is doing: one datagram a message to the socket in ``NOTIFY_SOCKET`` (sd_notify protocol).

The watchdog is fed only when a picture was truly processed since the last time: a loop that turns without seeing is not alive.
"""

import os
import socket
from collections.abc import Mapping


class Notifier:
    """Does nothing where no service manager listens.

    Args:
        environment: ``NOTIFY_SOCKET``, ``WATCHDOG_USEC``, ``WATCHDOG_PID`` as systemd sets them.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        given = os.environ if environment is None else environment
        self._address = given.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):  # the abstract name space
            self._address = "\0" + self._address[1:]
        ours = given.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = given.get("WATCHDOG_USEC", "")
        self.period_s = int(microseconds) / 2e6 if ours and microseconds.isdigit() and int(microseconds) > 0 else None
        """The watchdog wants to hear from us at least this often: half of its patience; ``None``: there is none."""
        self._fed_at: float | None = None
        self._fed_with = -1

    def ready(self) -> None:
        """The start-up self-test passed."""
        self._send("READY=1")

    def stopping(self) -> None:
        """An orderly end has begun."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for ``systemctl status``."""
        self._send(f"STATUS={' '.join(text.split())}")

    def feed(self, processed: int, now: float) -> bool:
        """Feed the watchdog if it is due and a picture was processed since; ``processed`` counts them."""
        if self.period_s is None or processed == self._fed_with:
            return False
        if self._fed_at is not None and now - self._fed_at < 0.9 * self.period_s:
            return False
        self._fed_at, self._fed_with = now, processed
        self._send("WATCHDOG=1")
        return True

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as one:
                one.settimeout(0.1)
                one.sendto(message.encode(), self._address)
        except OSError:
            return  # the manager is gone; the loop matters more
