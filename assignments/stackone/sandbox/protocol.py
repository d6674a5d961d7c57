"""HTTP connections that the application can cut, and that are counted."""

import socket
import struct

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class CuttableConnection(HttpToolsProtocol):
    """One client's connection; `scope["state"]["drop"]` resets it."""

    opened = 0
    _is_counted = False

    def on_headers_complete(self) -> None:
        """Count the connection with its first call of the API."""
        if not self._is_counted and not self.url.startswith(b"/sandbox/"):
            self._is_counted = True
            CuttableConnection.opened += 1
        super().on_headers_complete()

    def on_message_begin(self) -> None:
        """Hand each request the means to cut its connection."""
        super().on_message_begin()
        self.scope["state"]["drop"] = self.drop

    def drop(self) -> None:
        """Send the client a reset instead of an answer."""
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.transport.abort()
