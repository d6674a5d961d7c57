"""Events as syslog messages (RFC 5424) over TCP (RFC 6587) or TLS (RFC 5425), octet-counted."""

import contextlib
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from assignments.siem.events import TIMEOUT_SECONDS, Event, TooLarge, Undelivered
from assignments.tls import tls_context

# Facility 13, "log audit", and severity 6, "informational".
PRIORITY: Final = 13 * 8 + 6
# rsyslog 8.2302 cuts longer messages in two unless `maxMessageSize` is set.
DEFAULT_MAX_BYTES: Final = 8_096


@dataclass(frozen=True, slots=True)
class Syslog:
    """A receiver; each group gets its own connection, whose orderly end confirms the group."""

    host: str
    port: int
    is_encrypted: bool
    max_message_bytes: int = DEFAULT_MAX_BYTES

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def send(self, events: Sequence[Event]) -> None:
        """Send the events and wait until the receiver closes the connection.

        Syslog has no acknowledgement, but a receiver that closes after our end of stream has read
        everything before it.

        :raises TooLarge: if one is longer than the receiver reads in one piece
        :raises Undelivered: if the connection fails or does not end in order
        """
        messages = [_message(event) for event in events]
        longest = max(map(len, messages))
        if longest > self.max_message_bytes:
            raise TooLarge(f"A message of {longest:,} bytes is too large for {self}.")
        try:
            with contextlib.closing(self._connect()) as connection:
                connection.sendall(b"".join(b"%d %b" % (len(text), text) for text in messages))
                _wait_for_close(connection)
        except OSError as error:
            reason = str(error.strerror or error)
            raise Undelivered(
                f"The syslog receiver {self} did not take the events: {reason}."
            ) from error

    def _connect(self) -> socket.socket:
        connection = socket.create_connection((self.host, self.port), TIMEOUT_SECONDS)
        if not self.is_encrypted:
            return connection
        return tls_context().wrap_socket(connection, server_hostname=self.host)


def _message(event: Event) -> bytes:
    # Without the byte order mark of RFC 5424 §6.4, which many receivers keep in front of the JSON.
    head = f"<{PRIORITY}>1 {event.at} {socket.gethostname()} assignment-desk - audit - "
    return head.encode() + event.json


def _wait_for_close(connection: socket.socket) -> None:
    if isinstance(connection, ssl.SSLSocket):
        with contextlib.suppress(ssl.SSLEOFError):
            connection.unwrap()
        return
    connection.shutdown(socket.SHUT_WR)
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while connection.recv(4_096):
        if time.monotonic() > deadline:
            raise TimeoutError("it sent data instead of closing the connection")
