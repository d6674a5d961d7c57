"""Validate the base URL and encode ids as URL path segments."""

import ipaddress
from urllib.parse import SplitResult, quote, urlsplit

from assignments.hosts import is_host
from assignments.proxies import is_loopback
from assignments.stackone.errors import Refused


def validate_base_url(url: str) -> str:
    """Return the URL without trailing slashes, if the API key may be sent to it.

    :raises ValueError: with one sentence on what to change
    """
    parts = _split(url)
    if parts.scheme not in {"http", "https"} or not is_host(parts.hostname or ""):
        raise ValueError("Write the base URL as https:// and a host name.")
    if "@" in parts.netloc:
        raise ValueError("Remove the user name and password from the base URL.")
    if "?" in url or "#" in url:
        raise ValueError("Remove everything from the first ? or # on from the base URL.")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("Start the base URL with https://, so that the key is sent encrypted.")
    return url.rstrip("/")


def is_public(host: str) -> bool:
    """Return whether an IP address is public: not private, local or reserved."""
    return ipaddress.ip_address(host.partition("%")[0]).is_global


def is_visible_ascii(text: str) -> bool:
    """Return whether the text is not empty and has only visible ASCII characters."""
    return text.isascii() and text.isprintable() and bool(text) and " " not in text


def encode_path_segment(identifier: str) -> str:
    """Return an id percent-encoded as one segment of a URL path.

    :raises Refused: no URL can contain the id
    """
    # "." and ".." mean "this" and "parent" folder, even percent-encoded (RFC 3986, 5.2.4).
    if identifier in {"", ".", ".."}:
        raise Refused(f"The id {identifier!r} cannot be part of a URL.")
    try:
        return quote(identifier, safe="")
    except UnicodeEncodeError:
        raise Refused("The id contains half a character and cannot be part of a URL.") from None


def _split(url: str) -> SplitResult:
    if not is_visible_ascii(url) or "\\" in url:
        raise ValueError("Write the base URL without spaces, backslashes and non-ASCII letters.")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError("Write the base URL with a valid host and port.") from None
    return parts
