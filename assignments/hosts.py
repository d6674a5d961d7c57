"""Checks of host names, and of URLs in settings and in documents of other servers."""

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

LABEL: Final = r"[a-z0-9_][a-z0-9_-]{0,62}"
HOST_NAME: Final = re.compile(rf"{LABEL}(\.{LABEL})*\.?")


def is_host(host: str) -> bool:
    """Return whether the text is an IP address or a host name, in ASCII and lower case."""
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return HOST_NAME.fullmatch(host) is not None


def is_requestable(url: str) -> bool:
    """Return whether a URL has a valid host and port, and no character that no request can have.

    The host may be an internationalised name.
    """
    try:
        parts = urlsplit(url)
        has_port = parts.port != 0
        host = (parts.hostname or "").encode("idna").decode()
    except ValueError:
        return False
    return has_port and is_host(host.lower()) and url.isprintable() and " " not in url
