"""Settings of the connection to StackOne: its base URL and the linked LMS accounts."""

import ipaddress
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from dashboard.environment import Environment, is_loopback


def refuse_private_address(base_url: str, *, is_allowed: bool) -> None:
    """Refuse to send the API key to a private IP address, unless that is explicitly allowed.

    Host names are checked when a connection is made, because what they resolve to may change.

    :raises ImproperlyConfigured: with the one thing to change
    """
    try:
        address = ipaddress.ip_address(urlsplit(base_url).hostname or "")
    except ValueError:
        return
    if not (address.is_global or address.is_loopback or is_allowed):
        raise ImproperlyConfigured(
            f"STACKONE_BASE_URL is {address}, a private address. If your StackOne is really "
            "there, set STACKONE_ALLOW_PRIVATE=1."
        )


def refuse_unsafe_remote(*, demo: bool, api_key: str, base_url: str) -> None:
    """Refuse to send the API key unencrypted, or to let demo personas reach a real LMS.

    :raises ImproperlyConfigured: with the one thing to change
    """
    if urlsplit(base_url).scheme != "https" and not is_loopback(base_url):
        raise ImproperlyConfigured(f"STACKONE_BASE_URL is {base_url}. Start it with https://.")
    if demo and api_key:
        raise ImproperlyConfigured(
            "DESK_DEMO and STACKONE_API_KEY are both set: anybody could sign in and change a real "
            "LMS. Unset one of them."
        )
    if not api_key and not is_loopback(base_url):
        raise ImproperlyConfigured(
            "STACKONE_API_KEY is not set. Set it to the key of your StackOne project, or unset "
            "STACKONE_BASE_URL to use the built-in sandbox LMS."
        )


def account_ids(env: Environment, *, is_sandbox: bool) -> list[str]:
    """Return the ids of the linked LMS accounts."""
    ids = [part.strip() for part in env.list("STACKONE_ACCOUNT_ID") if part.strip()]
    if ids or is_sandbox:
        return ids or ["sandbox"]
    raise ImproperlyConfigured(
        "STACKONE_ACCOUNT_ID is not set. Set it to the id of the linked LMS account; several are "
        "separated by commas."
    )
