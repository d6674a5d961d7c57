"""HTTP connections that the application can reset, and a count of them."""

import socket
import struct

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class ResettableConnection(HttpToolsProtocol):
    """A client's connection; the application resets it with `scope["state"]["reset"]()`."""

    opened_count = 0
    _is_counted = False

    def on_headers_complete(self) -> None:
        """Count the connection at its first API call."""
        if not self._is_counted and not self.url.startswith(b"/sandbox/"):
            self._is_counted = True
            ResettableConnection.opened_count += 1
        super().on_headers_complete()

    def on_message_begin(self) -> None:
        """Give each request the function that resets its connection."""
        super().on_message_begin()
        self.scope["state"]["reset"] = self.reset

    def reset(self) -> None:
        """Reset the connection instead of sending a response."""
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.transport.abort()
