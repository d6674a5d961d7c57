"""Checking where requests go: the API key must never travel over an open line."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

LOCAL: Final = "localhost"


def checked_base_url(url: str) -> str:
    """Return the address without a trailing slash.

    :raises ValueError: if it is neither https nor this machine, or carries more than a path
    """
    parts = urlsplit(url)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("The base URL must be an address only: no user, query or fragment.")
    if not parts.hostname or parts.scheme not in {"http", "https"}:
        raise ValueError("The base URL must start with https:// and name a host.")
    if parts.scheme != "https" and not is_loopback(parts.hostname):
        raise ValueError(
            "The base URL must start with https://, because the API key travels there."
        )
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Return whether the host is this machine (127.0.0.0/8, ::1 or localhost)."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == LOCAL
