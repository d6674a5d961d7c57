"""Destinations for events, by their URL: a file, a syslog receiver or an HTTPS endpoint."""

from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from assignments.hosts import is_requestable
from assignments.siem.files import File
from assignments.siem.https import Https
from assignments.siem.syslog import DEFAULT_MAX_BYTES, Syslog

type Destination = File | Syslog | Https

SYSLOG_PORTS: Final = {"syslog+tcp": 601, "syslog+tls": 6514}


class InvalidDestination(ValueError):
    """The URL is no destination; the message says what to write and never repeats the URL."""


def parse_destination(
    url: str, *, authorization: str = "", max_message_bytes: int = DEFAULT_MAX_BYTES
) -> Destination:
    """Return the destination that a URL names.

    :param authorization: the value of the Authorization header, for an HTTPS endpoint
    :param max_message_bytes: the longest message that a syslog receiver reads in one piece
    :raises InvalidDestination: if the URL is malformed or of another kind
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme == "file" and parts.path.startswith("/") and not parts.netloc:
        return File(Path(parts.path))
    if parts.scheme in SYSLOG_PORTS and is_requestable(url):
        port = port or SYSLOG_PORTS[parts.scheme]
        is_encrypted = parts.scheme == "syslog+tls"
        return Syslog(str(parts.hostname), port, is_encrypted, max_message_bytes)
    if parts.scheme in {"http", "https"} and is_requestable(url):
        _require_no_password(parts)
        _require_header_value(authorization)
        return Https(url, str(parts.hostname), authorization)
    raise InvalidDestination(
        "it is not the address of a SIEM. Write it as file:///FOLDER/audit.jsonl, "
        "syslog+tls://HOST:6514, syslog+tcp://HOST:601 or https://HOST/PATH"
    )


def _require_no_password(parts: SplitResult) -> None:
    if parts.username or parts.password:
        raise InvalidDestination(
            "it contains a user or password. Put them into SIEM_AUTHORIZATION instead"
        )


def _require_header_value(authorization: str) -> None:
    if not (authorization.isascii() and authorization.isprintable()):
        raise InvalidDestination(
            "SIEM_AUTHORIZATION has a character that no header can have. Copy it from the SIEM"
        )
