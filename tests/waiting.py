"""Wait for conditions and for the end of processes.

A test passes however slow the machine is: only what takes HANG_SECONDS counts as a hang and fails.
"""

import time
from collections.abc import Callable

HANG_SECONDS = 120
STEP_SECONDS = 0.05


class WaitTimeout(Exception):
    """A condition was not met in time; the message names it."""


def wait_until[Value](
    condition: Callable[[], Value],
    what: str,
    *,
    seconds: float = HANG_SECONDS,
    explain: Callable[[], object] = str,
) -> Value:
    """Wait until the condition returns something true, and return that.

    :param explain: describes the state for the message if the condition is not met
    :raises WaitTimeout: the condition was not met in time
    """
    ends = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > ends:
            raise WaitTimeout(f"Not within {seconds:.0f} seconds: {what}. {explain()}")
        time.sleep(STEP_SECONDS)
    return value
