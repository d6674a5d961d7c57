"""A recorder in front of the sandbox LMS: forwards every request, keeps the bodies of creates."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Recorder:
    """A server whose URL stands for the sandbox's; `bodies` holds what was posted, in bytes."""

    def __init__(self, target_url: str) -> None:
        self.bodies: list[bytes] = []
        self._target = urlsplit(target_url).netloc
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                recorder.forward(self)

            def do_POST(self) -> None:
                recorder.forward(self)

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def forward(self, handler: BaseHTTPRequestHandler) -> None:
        """Send the request on as it is, and its response back."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        if handler.command == "POST":
            self.bodies.append(body)
        connection = http.client.HTTPConnection(self._target, timeout=30)
        connection.request(handler.command, handler.path, body, dict(handler.headers.items()))
        response = connection.getresponse()
        reply = response.read()
        handler.send_response(response.status)
        handler.send_header("Content-Type", response.getheader("Content-Type", ""))
        handler.send_header("Content-Length", str(len(reply)))
        handler.end_headers()
        handler.wfile.write(reply)
        connection.close()


@contextmanager
def recording(target_url: str) -> Iterator[Recorder]:
    """Run a recorder in front of a URL."""
    recorder = Recorder(target_url)
    thread = threading.Thread(target=recorder.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield recorder
    finally:
        recorder.server.shutdown()
        recorder.server.server_close()
