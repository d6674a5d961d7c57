"""The pause after a refusal: nothing leaves, then one call asks whether it is over."""

from random import Random
from typing import Final

from assignments.stackone.call_samples import Echo

# A pause is as long as was asked for, and at least so long: calls in flight come back meanwhile.
SHORTEST: Final = 0.1
# While nothing is accepted pauses double up to this, whatever was asked for.
LONGEST_DOUBLED: Final = 60.0
# Several senders must not come back in step.
JITTER: Final = 0.05
MOST_JITTER: Final = 1.0
NEVER: Final = float("-inf")


class Pause:
    """The pause that refusals asked for.

    Refusals of calls that left before it was over are one round: they may lengthen it, no more.

    :ivar until: nothing may leave before
    :ivar is_asking: nothing was accepted since: only one call at a time should leave
    :ivar seconds: how long the last one was
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._jitter = 0.0
        self.until = NEVER
        self.is_asking = False
        self.seconds = 0.0

    def refused(self, echo: Echo) -> bool:
        """Learn from a refusal; return whether it begins a new round."""
        is_new = echo.left_at >= self.until
        asked = max(SHORTEST, echo.retry_after)
        if is_new:
            doubled = min(LONGEST_DOUBLED, 2 * self.seconds) if self.is_asking else 0.0
            asked = self.seconds = max(asked, doubled)
            self._jitter = self._random.uniform(0, min(MOST_JITTER, JITTER * asked))
            self.is_asking = True
        self.until = max(self.until, echo.ended_at + asked + self._jitter)
        return is_new

    def accepted(self, echo: Echo) -> None:
        """Learn from a call that was let through."""
        if self.is_asking and echo.left_at >= self.until:
            self.is_asking = False
