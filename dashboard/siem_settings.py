"""Read from the environment which SIEM the audit log is forwarded to."""

from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured

from dashboard.environment import Environment, integer, is_loopback

if TYPE_CHECKING:
    from assignments.siem.destinations import Destination


def siem(env: Environment) -> "Destination | None":
    """Return the destination that SIEM_URL names; None if it is not set.

    :raises ImproperlyConfigured: with the one thing to change
    """
    url = str(env.str("SIEM_URL"))
    if not url:
        return None
    if url.lower().startswith("http://") and not is_loopback(url):
        raise ImproperlyConfigured(
            "SIEM_URL is set, and its connection is not encrypted. Start it with https://."
        )
    # Imported late: httpx takes longer to load than all of Django, and most commands need no SIEM.
    from assignments.siem.destinations import InvalidDestination, parse_destination  # noqa: PLC0415

    try:
        authorization = str(env.str("SIEM_AUTHORIZATION"))
        max_bytes = integer(env, "SIEM_MAX_MESSAGE_BYTES", least=4_096)
        return parse_destination(url, authorization=authorization, max_message_bytes=max_bytes)
    except InvalidDestination as problem:
        raise ImproperlyConfigured(f"SIEM_URL is set, and {problem}.") from problem
