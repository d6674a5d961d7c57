"""Wait for a condition, with a timeout."""

import time
from collections.abc import Callable

STEP_SECONDS = 0.05


class WaitTimeout(Exception):
    """A condition was not met in time; the message names it."""


def wait_until(
    condition: Callable[[], object],
    what: str,
    *,
    seconds: float = 60,
    explain: Callable[[], object] = str,
) -> None:
    """Wait until the condition is met.

    :param explain: describes the state for the message if the condition is not met
    :raises WaitTimeout: the condition was not met in time
    """
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            raise WaitTimeout(f"Not within {seconds:.0f} seconds: {what}. {explain()}")
        time.sleep(STEP_SECONDS)
