"""A recorder in front of the sandbox LMS: forwards every request, keeps the bodies of creates."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit


class Request(NamedTuple):
    """A request that came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Reply(NamedTuple):
    """What is sent back; with `cut_at`, only so many bytes of the body."""

    status: int
    body: bytes
    headers: dict[str, str]
    cut_at: int | None = None


class Recorder:
    """A server whose URL stands for the sandbox's; `bodies` holds what was posted, in bytes."""

    def __init__(self, target_url: str) -> None:
        self.bodies: list[bytes] = []
        self._target = urlsplit(target_url).netloc
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                recorder.handle(self)

            def do_POST(self) -> None:
                recorder.handle(self)

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer a request, and keep its body if it is posted."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        if handler.command == "POST":
            self.bodies.append(body)
        headers = dict(handler.headers.items())
        reply = self.reply(Request(handler.command, handler.path, headers, body))
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(reply.body)))
        handler.end_headers()
        handler.wfile.write(reply.body[: reply.cut_at])
        handler.close_connection = reply.cut_at is not None

    def reply(self, request: Request) -> Reply:
        """Return the answer to a request: here that of the sandbox."""
        return self.forward(request)

    def forward(self, request: Request) -> Reply:
        """Send the request on as it is, and return the sandbox's response."""
        connection = http.client.HTTPConnection(self._target, timeout=30)
        connection.request(request.method, request.path, request.body, request.headers)
        response = connection.getresponse()
        content_type = {"Content-Type": response.getheader("Content-Type", "")}
        reply = Reply(response.status, response.read(), content_type)
        connection.close()
        return reply


@contextmanager
def serving[Server: Recorder](server: Server) -> Iterator[Server]:
    """Run a server in a thread of its own."""
    thread = threading.Thread(target=server.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.server.shutdown()
        thread.join()
        server.server.server_close()
