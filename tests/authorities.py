"""Authorities and servers for tests of TLS: some violate RFC 5280, as many companies' do."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HERE = "127.0.0.1"
PEM = serialization.Encoding.PEM
SIGNING = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What certificates of an authority have; the defaults conform to RFC 5280."""

    key_usage: bool = True
    critical_constraints: bool = True
    subject_key_id: bool = True
    authority_key_id: bool = True
    name: str = HERE
    days_left: int = 1


CONFORMING = Form()
# Forms that only VERIFY_X509_STRICT refuses.
ODD_FORMS = {
    "an authority without key usage": Form(key_usage=False),
    "constraints that are not critical": Form(critical_constraints=False),
    "an authority without a key identifier": Form(subject_key_id=False),
    "a certificate without the authority's key": Form(authority_key_id=False),
}


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(subject: str, key: ec.EllipticCurvePublicKey, days: int) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(_named(subject)).public_key(key)
    builder = builder.issuer_name(_named("An authority")).serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - timedelta(days=9)).not_valid_after(
        now + timedelta(days=days)
    )


def make_server(folder: Path, form: Form) -> tuple[ssl.SSLContext, Path]:
    """Return a server's context and the file with the authority that has issued its certificate."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority_id = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())
    authority = _builder("An authority", authority_key.public_key(), 9).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), form.critical_constraints
    )
    if form.key_usage:
        authority = authority.add_extension(SIGNING, critical=True)
    if form.subject_key_id:
        authority = authority.add_extension(authority_id, critical=False)
    address = x509.IPAddress(ip_address(form.name))
    server = _builder("A server", key.public_key(), form.days_left).add_extension(
        x509.SubjectAlternativeName([address]), critical=False
    )
    if form.authority_key_id:
        issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority_id)
        server = server.add_extension(issuer, critical=False)
    trusted, chain = folder / "authority.pem", folder / "server.pem"
    trusted.write_bytes(authority.sign(authority_key, hashes.SHA256()).public_bytes(PEM))
    secret = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    chain.write_bytes(secret + server.sign(authority_key, hashes.SHA256()).public_bytes(PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return context, trusted


class ConnectProxy:
    """An HTTP proxy for CONNECT; every tunnel leads to one port of this machine, as in an office.

    `requested` has the hosts that were asked for.
    """

    def __init__(self, port: int, target: int) -> None:
        self.port, self.target = port, target
        self.requested: list[str] = []

    def serve(self, client: socket.socket) -> None:
        """Open one tunnel and pass bytes on until either side closes."""
        with client, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(4_096)
            self.requested.append(head.split()[1].decode())
            with socket.create_connection((HERE, self.target)) as server:
                client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                back = threading.Thread(target=_pass_on, args=(server, client))
                back.start()
                _pass_on(client, server)
                back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def connect_proxy(target: int) -> Iterator[ConnectProxy]:
    """Listen as a proxy whose tunnels lead to the port."""
    with socket.create_server((HERE, 0)) as listening:
        proxy = ConnectProxy(listening.getsockname()[1], target)
        thread = threading.Thread(target=_accept, args=(listening, proxy))
        thread.start()
        try:
            yield proxy
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(listening: socket.socket, proxy: ConnectProxy) -> None:
    with suppress(OSError):
        while True:
            client, _ = listening.accept()
            threading.Thread(target=proxy.serve, args=(client,), daemon=True).start()
