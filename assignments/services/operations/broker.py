"""The message broker that wakes workers on other machines."""

from typing import Final

from django.conf import settings
from kombu import Connection
from kombu.exceptions import OperationalError

TIMEOUT_SECONDS: Final = 5


class BrokerUnavailable(Exception):
    """The broker does not respond; the message contains its URL without the password."""


def require_reachable() -> str:
    """Connect to the broker once and return its URL without the password.

    :raises BrokerUnavailable: if it does not respond
    """
    timeouts = {"socket_connect_timeout": TIMEOUT_SECONDS, "socket_timeout": TIMEOUT_SECONDS}
    is_redis = settings.CELERY_BROKER_URL.startswith("redis")
    with Connection(
        settings.CELERY_BROKER_URL,
        connect_timeout=TIMEOUT_SECONDS,
        transport_options=timeouts if is_redis else {},
    ) as connection:
        url = str(connection.as_uri())
        try:
            connection.ensure_connection(max_retries=0)
        except OperationalError as error:
            reason = str(error).rstrip(".")
            raise BrokerUnavailable(f"{url} does not respond: {reason}.") from error
    return url
