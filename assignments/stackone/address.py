"""Addresses that a key may be sent to, and ids made safe to stand in them."""

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

from assignments.stackone.errors import Refused

LABEL: Final = r"[a-z0-9_][a-z0-9_-]{0,62}"
HOST_NAME: Final = re.compile(rf"{LABEL}(\.{LABEL})*")


def checked_base_url(url: str) -> str:
    """Return the address without a slash at its end, if a key may be sent to it.

    :raises ValueError: with one sentence on what to change
    """
    parts = _split(url)
    if parts.scheme not in {"http", "https"} or not _is_host(parts.hostname or ""):
        raise ValueError("Write the base URL as https:// and the name of a host.")
    if "@" in parts.netloc:
        raise ValueError("Take the user name and password out of the base URL.")
    if "?" in url or "#" in url:
        raise ValueError("Take everything from the first ? or # on out of the base URL.")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("Start the base URL with https://, or the key would travel in clear.")
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Return whether the host is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_public(host: str) -> bool:
    """Return whether an IP address is one of the internet's: no private, local or reserved one."""
    return ipaddress.ip_address(host.partition("%")[0]).is_global


def is_plain(text: str) -> bool:
    """Return whether the text is ASCII that can be seen, and at least one character of it."""
    return text.isascii() and text.isprintable() and bool(text) and " " not in text


def segment(identifier: str) -> str:
    """Return an id percent-encoded as one segment of a path.

    :raises Refused: if no address can hold it
    """
    # A lone dot or two would be taken for "here" and "up", whichever way they are encoded.
    if identifier in {"", ".", ".."}:
        raise Refused(f"The id {identifier!r} cannot be part of an address.")
    try:
        return quote(identifier, safe="")
    except UnicodeEncodeError:
        raise Refused("The id holds half a character and cannot be part of an address.") from None


def _split(url: str) -> SplitResult:
    if not is_plain(url) or "\\" in url:
        raise ValueError("Write the base URL without blanks, backslashes and special letters.")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError("Write the base URL with a host and a port that can exist.") from None
    return parts


def _is_host(host: str) -> bool:
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return HOST_NAME.fullmatch(host) is not None
