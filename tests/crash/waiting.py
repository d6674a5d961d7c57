"""Waiting for something to come true, with an end."""

import time
from collections.abc import Callable

STEP_SECONDS = 0.05


class TookTooLong(Exception):
    """It did not come true in time; the message says what."""


def wait_until(
    condition: Callable[[], object],
    what: str,
    *,
    seconds: float = 60,
    instead: Callable[[], object] = str,
) -> None:
    """Wait for a condition to hold.

    :param instead: tells what is the case if it does not come true
    :raises TookTooLong: it did not within that time
    """
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            raise TookTooLong(f"Not within {seconds:.0f} seconds: {what}. {instead()}")
        time.sleep(STEP_SECONDS)
