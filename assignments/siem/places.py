"""Where events go: a file, a syslog receiver or an HTTPS endpoint, by its address."""

from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from assignments.siem.files import File
from assignments.siem.https import Https
from assignments.siem.syslog import Syslog

type Place = File | Syslog | Https

SYSLOG_PORTS: Final = {"syslog+tcp": 601, "syslog+tls": 6514}


class NotAPlace(ValueError):
    """Nothing can be sent to this address; the message says what to write, never the address."""


def place(url: str, *, authorization: str = "") -> Place:
    """Return the place with this address.

    :param authorization: the value of the header of that name, for an HTTPS endpoint
    :raises NotAPlace: if there can be none
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme == "file" and parts.path.startswith("/") and not parts.netloc:
        return File(Path(parts.path))
    if parts.scheme in SYSLOG_PORTS and parts.hostname:
        is_secret = parts.scheme == "syslog+tls"
        return Syslog(parts.hostname, port or SYSLOG_PORTS[parts.scheme], is_secret=is_secret)
    if parts.scheme in {"http", "https"} and parts.hostname:
        _require_no_password(parts)
        return Https(url, parts.hostname, authorization)
    raise NotAPlace(
        "it is no address of a SIEM. Write it as file:///FOLDER/audit.jsonl, "
        "syslog+tls://HOST:6514, syslog+tcp://HOST:601 or https://HOST/PATH"
    )


def _require_no_password(parts: SplitResult) -> None:
    if parts.username or parts.password:
        raise NotAPlace("it holds a user or password. Write them into SIEM_AUTHORIZATION instead")
