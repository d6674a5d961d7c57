"""Whether calls may leave at all: an outage stops them, and one call at a time asks for its end.

Every call that meets an outage may leave a row whose outcome is unknown. The circuit keeps these
to a few dozen, where an open tap would make hundreds (M. Nygard, Release It!, "Circuit Breaker").
"""

import sys
from collections.abc import Iterable
from random import Random
from typing import Final

from assignments.stackone.call_samples import Echo, Sign

# One broken call in three still makes ten in a row once in 60,000 calls; with a second without
# any success besides, only an outage does.
OPENS_AFTER: Final = 10
OPENS_AFTER_SECONDS: Final = 1.0
# So many in a row are an outage however fast they came.
OPENS_AT_ONCE_AFTER: Final = 40
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
# Several senders must not come back in step.
JITTER: Final = 0.25
# A trial that nothing was heard of by then never left; a call takes 65 seconds at most.
TRIAL_SECONDS: Final = 75.0

UNLIMITED: Final = sys.maxsize
NEVER: Final = float("-inf")


class Circuit:
    """Closed: calls leave. Open: none does until `retry_at`. Then one does, the trial.

    The trial's failure opens it again, for twice as long. Any success closes it.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._pause = FIRST_PAUSE
        self._tried_at = NEVER
        self._failures = 0
        self._failing_since = 0.0
        self.retry_at = NEVER

    @property
    def is_open(self) -> bool:
        """Whether there is an outage, as far as is known."""
        return self.retry_at != NEVER

    def allowed(self, now: float) -> int:
        """Return how many calls may leave now."""
        if not self.is_open:
            return UNLIMITED
        is_trial_out = now < self._tried_at + TRIAL_SECONDS
        return 0 if is_trial_out or now < self.retry_at else 1

    def sent(self, now: float) -> None:
        """Be told that calls leave now: once the pause is over, that is the trial."""
        if self.is_open and now >= self.retry_at:
            self._tried_at = now

    def note(self, echoes: Iterable[Echo]) -> None:
        """Learn from calls that ended."""
        for echo in echoes:
            if echo.sign in {Sign.DONE, Sign.REFUSED}:
                self._close()
            else:
                self._failed(echo)

    def _close(self) -> None:
        self._failures = 0
        self._pause = FIRST_PAUSE
        self.retry_at = self._tried_at = NEVER

    def _failed(self, echo: Echo) -> None:
        if self.is_open:
            if echo.left_at >= self._tried_at > NEVER:
                self._open(echo.ended_at)
            return
        if not self._failures:
            self._failing_since = echo.ended_at
        self._failures += 1
        lasted = echo.ended_at - self._failing_since
        is_outage = self._failures >= OPENS_AFTER and lasted >= OPENS_AFTER_SECONDS
        if is_outage or self._failures >= OPENS_AT_ONCE_AFTER:
            self._open(echo.ended_at)

    def _open(self, now: float) -> None:
        stretched = self._pause * self._random.uniform(1, 1 + JITTER)
        self.retry_at = now + min(LONGEST_PAUSE, stretched)
        self._tried_at = NEVER
        self._pause = min(LONGEST_PAUSE, 2 * self._pause)
