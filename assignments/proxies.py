"""The proxy for outgoing HTTP connections, from the environment variables that curl reads too."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

SUPPORTED_SCHEMES: Final = ("http", "https")


class UnsupportedProxy(ValueError):
    """The environment names a proxy that cannot be used; the message never repeats its address."""


def proxy_to(url: str) -> str | None:
    """Return the URL of the proxy between here and another URL; None if there is none.

    As for curl, the variable is HTTPS_PROXY or ALL_PROXY, NO_PROXY names exceptions, and an address
    without a scheme is that of an HTTP proxy. This machine is always reached directly.

    :raises UnsupportedProxy: with one sentence on what to change
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    address = proxies.get(parts.scheme) or proxies.get("all")
    if not address:
        return None
    address = address if "://" in address else f"http://{address}"
    _check(address, parts.scheme.upper(), host)
    return address


def is_loopback(host: str) -> bool:
    """Return whether the host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check(address: str, kind: str, host: str) -> None:
    try:
        parts = urlsplit(address)
        is_complete = bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        parts, is_complete = urlsplit(""), False
    if parts.scheme.startswith("socks"):
        problem = "is a SOCKS proxy, which is not supported"
    elif parts.scheme not in SUPPORTED_SCHEMES or not is_complete:
        problem = "is not the address of an HTTP proxy"
    else:
        return
    raise UnsupportedProxy(
        f"{kind}_PROXY or ALL_PROXY {problem}. Set it to an HTTP proxy, as in http://HOST:PORT, or "
        f"add {host} to NO_PROXY."
    )
