"""Events as syslog messages (RFC 5424) over TCP or TLS, counted in octets (RFC 6587, RFC 5425)."""

import contextlib
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from assignments.siem.sending import TIMEOUT_SECONDS, Event, Undelivered

# Facility 13, "log audit", and severity 6, "informational".
PRIORITY: Final = 13 * 8 + 6


@dataclass(frozen=True, slots=True)
class Syslog:
    """A receiver; each group has a connection of its own, and its end says that all was taken."""

    host: str
    port: int
    is_secret: bool

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def send(self, events: Sequence[Event]) -> None:
        """Send the events and wait until the receiver has read all of them and closed the line.

        Syslog has no answer; a receiver that closes after our end of the line has read up to it.

        :raises Undelivered: if it did not
        """
        try:
            with contextlib.closing(self._connected()) as line:
                line.sendall(b"".join(map(_framed, events)))
                _wait_for_the_end(line)
        except OSError as error:
            reason = str(error.strerror or error)
            raise Undelivered(f"The syslog receiver {self} did not take it: {reason}.") from error

    def _connected(self) -> socket.socket:
        line = socket.create_connection((self.host, self.port), TIMEOUT_SECONDS)
        if not self.is_secret:
            return line
        return ssl.create_default_context().wrap_socket(line, server_hostname=self.host)


def _framed(event: Event) -> bytes:
    head = f"<{PRIORITY}>1 {event.at} {socket.gethostname()} assignment-desk - audit - "
    message = head.encode() + event.json
    return b"%d %b" % (len(message), message)


def _wait_for_the_end(line: socket.socket) -> None:
    if isinstance(line, ssl.SSLSocket):
        with contextlib.suppress(ssl.SSLEOFError):
            line.unwrap()
        return
    line.shutdown(socket.SHUT_WR)
    while line.recv(4_096):
        pass
