"""Receivers for forwarded log entries on real sockets, which can be told to fail."""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from itertools import batched
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HERE = "127.0.0.1"


class Response(NamedTuple):
    """How an endpoint treats a request; without a status it cuts the connection.

    Its body may be shorter than announced, and have a pause in seconds before each byte.
    """

    status: int | None = 200
    body: bytes = b""
    content_type: str = "text/plain"
    is_taken: bool = True
    seconds: float = 0
    announced: int = 0
    pause: float = 0


TAKEN: Final = Response()
CUT: Final = Response(None, is_taken=False)
# How to treat the request of that number (from 0) with that body.
type Behaviour = Callable[[int, bytes], Response]


def refused(status: int) -> Response:
    """Return the response that refuses a request with a status."""
    return Response(status, is_taken=False)


class Endpoint:
    """An HTTP endpoint: responds with each status of `script`, then as its behaviour says."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.script: list[int] = []
        self.taken: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.behaviour = behaviour
        self.port = 0

    def lines(self) -> list[bytes]:
        """Return every line that was received."""
        return [line for body in self.taken for line in body.splitlines()]

    def response(self, body: bytes) -> Response:
        """Return how to treat the latest request."""
        if self.script:
            status = self.script.pop(0)
            return TAKEN if status == 200 else refused(status)
        return self.behaviour(len(self.headers) - 1, body)


class _Handler(BaseHTTPRequestHandler):
    received: Endpoint

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.headers.append(dict(self.headers))
        response = self.received.response(body)
        if response.is_taken:
            self.received.taken.append(body)
        time.sleep(response.seconds)
        # A sender that no longer waits has closed the connection.
        with suppress(BrokenPipeError, ConnectionResetError):
            self._respond(response)

    def _respond(self, response: Response) -> None:
        if response.status is None:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(response.status)
        if 300 <= response.status < 400:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(response.announced or len(response.body)))
        self.end_headers()
        for piece in batched(response.body, 1 if response.pause else len(response.body) or 1):
            time.sleep(response.pause)
            self.wfile.write(bytes(piece))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def endpoint(
    context: ssl.SSLContext | None = None, behaviour: Behaviour = lambda *_: TAKEN
) -> Iterator[Endpoint]:
    """Listen for POSTs."""
    received = Endpoint(behaviour)

    handler = type("Handler", (_Handler,), {"received": received})
    server = ThreadingHTTPServer((HERE, 0), handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    received.port = server.server_address[1]
    with _serving(server):
        yield received


@contextmanager
def _serving(server: ThreadingHTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Receiver:
    """A syslog receiver that reads each connection to its end, but resets the next `resets`.

    Like rsyslog it cuts messages that are longer than `max_bytes` in two.
    """

    max_bytes = 8_096

    def __init__(self, port: int) -> None:
        self.port = port
        self.resets = 0
        self.streams: list[bytes] = []

    def messages(self) -> list[str]:
        """Return every message that was received, split by the length that precedes each."""
        return [message for stream in self.streams for message in self._messages(stream)]

    def _messages(self, stream: bytes) -> Iterator[str]:
        while stream:
            length, _, rest = stream.partition(b" ")
            assert len(rest) >= int(length)
            message, stream = rest[: int(length)], rest[int(length) :]
            for part in batched(message, self.max_bytes):
                yield bytes(part).decode()


@contextmanager
def receiver(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Listen for syslog messages."""
    with socket.create_server((HERE, 0)) as listening:
        server = Receiver(listening.getsockname()[1])
        thread = threading.Thread(target=_receive, args=(listening, server, context))
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def _receive(listening: socket.socket, server: Receiver, context: ssl.SSLContext | None) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        if server.resets:
            server.resets -= 1
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.recv(10)
            connection.close()
            continue
        # A sender that does not trust the certificate ends the handshake.
        with suppress(ssl.SSLError), _wrapped(connection, context) as stream:
            server.streams.append(b"".join(_pieces(stream)))


def _wrapped(connection: socket.socket, context: ssl.SSLContext | None) -> socket.socket:
    return context.wrap_socket(connection, server_side=True) if context else connection


def _pieces(stream: socket.socket) -> Iterator[bytes]:
    while piece := stream.recv(65_536):
        yield piece


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return a TLS context for a server here, and the file with the certificate to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a receiver for tests")])
    now = datetime.now(UTC)
    authority = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HERE))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    trusted, server_file = folder / "trusted.pem", folder / "server.pem"
    trusted.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    server_file.write_bytes(secret + trusted.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_file)
    return context, trusted
