"""What every place takes, and what it raises if it did not."""

from typing import Final, NamedTuple

# For connecting, and for each answer.
TIMEOUT_SECONDS: Final = 15


class Event(NamedTuple):
    """One event: when it happened (UTC), and its JSON on one line, in ASCII."""

    at: str
    json: bytes


class Undelivered(Exception):
    """The events are not there, or not surely; the message says why, without secrets."""
