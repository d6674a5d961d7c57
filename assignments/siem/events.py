"""What every destination accepts, and the error that it raises if it did not take it."""

from typing import Final, NamedTuple

# For connecting, and for each read and write.
TIMEOUT_SECONDS: Final = 15


class Event(NamedTuple):
    """One event: its time as text (UTC), and its JSON in UTF-8 on one line."""

    at: str
    json: bytes


class Undelivered(Exception):
    """The events were not taken, or possibly not; the message says why, without secrets."""


class TooLarge(Undelivered):
    """None of the events was taken, because they are too large for the destination."""
