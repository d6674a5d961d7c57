"""Receivers of the audit log on real sockets: they take what is sent, or fail as they are told."""

import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HERE = "127.0.0.1"


class Endpoint:
    """An HTTP endpoint: answers with the statuses of `script`, then with 200."""

    def __init__(self) -> None:
        self.script: list[int] = []
        self.taken: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.port = 0

    def lines(self) -> list[bytes]:
        """Return every line that was taken."""
        return [line for body in self.taken for line in body.splitlines()]


@contextmanager
def endpoint(context: ssl.SSLContext | None = None) -> Iterator[Endpoint]:
    """Listen for POSTs."""
    found = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.headers.append(dict(self.headers))
            status = found.script.pop(0) if found.script else 200
            if status == 200:
                found.taken.append(body)
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((HERE, 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    found.port = server.server_address[1]
    with _serving(server):
        yield found


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
    """A syslog receiver that reads each connection to its end; `resets` of them it breaks off."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.resets = 0
        self.streams: list[bytes] = []

    def messages(self) -> list[str]:
        """Return every message that was read, each as long as it said it was."""
        return [message for stream in self.streams for message in _messages(stream)]


def _messages(stream: bytes) -> Iterator[str]:
    while stream:
        length, _, rest = stream.partition(b" ")
        assert len(rest) >= int(length)
        yield rest[: int(length)].decode()
        stream = rest[int(length) :]


@contextmanager
def receiver(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Listen for syslog messages."""
    with socket.create_server((HERE, 0)) as listening:
        found = Receiver(listening.getsockname()[1])
        thread = threading.Thread(target=_receive, args=(listening, found, context))
        thread.start()
        try:
            yield found
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def _receive(listening: socket.socket, found: Receiver, context: ssl.SSLContext | None) -> None:
    while True:
        try:
            line, _ = listening.accept()
        except OSError:
            return
        if found.resets:
            found.resets -= 1
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            line.recv(10)
            line.close()
            continue
        # A sender that does not trust us leaves.
        with suppress(ssl.SSLError), _opened(line, context) as taken:
            found.streams.append(b"".join(_pieces(taken)))


def _opened(line: socket.socket, context: ssl.SSLContext | None) -> socket.socket:
    return context.wrap_socket(line, server_side=True) if context else line


def _pieces(line: socket.socket) -> Iterator[bytes]:
    while piece := line.recv(65_536):
        yield piece


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return a server's side of TLS for this machine, and the file with whom to trust for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a receiver for tests")])
    now = datetime.now(UTC)
    made = (
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
    trusted, both = folder / "trusted.pem", folder / "server.pem"
    trusted.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    both.write_bytes(secret + trusted.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context, trusted
