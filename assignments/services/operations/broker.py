"""The message broker that wakes workers on other machines."""

from typing import Final

from django.conf import settings
from kombu import Connection
from kombu.exceptions import OperationalError

LONGEST_SECONDS: Final = 5


class BrokerAway(Exception):
    """The broker does not answer; the message names it, without its password."""


def require_reachable() -> str:
    """Connect to the broker once and return its address without the password.

    :raises BrokerAway: if it does not answer
    """
    timeouts = {"socket_connect_timeout": LONGEST_SECONDS, "socket_timeout": LONGEST_SECONDS}
    is_redis = settings.CELERY_BROKER_URL.startswith("redis")
    with Connection(
        settings.CELERY_BROKER_URL,
        connect_timeout=LONGEST_SECONDS,
        transport_options=timeouts if is_redis else {},
    ) as connection:
        address = str(connection.as_uri())
        try:
            connection.ensure_connection(max_retries=0)
        except OperationalError as error:
            reason = str(error).rstrip(".")
            raise BrokerAway(f"{address} does not answer: {reason}.") from error
    return address
