"""Back off after a 429: no call is sent for a while, then a single probe call."""

from random import Random
from typing import Final

from assignments.stackone.call_samples import CallSample

# A backoff lasts as long as Retry-After says, but at least this many seconds, so that the calls in
# flight can end during it.
SHORTEST_SECONDS: Final = 0.1
# While every probe is refused the backoff doubles, up to this many seconds.
LONGEST_DOUBLED_SECONDS: Final = 60.0
# Random extra, as a share of the backoff and at most in seconds: several senders should not resume
# at the same moment.
JITTER_SHARE: Final = 0.05
MAX_JITTER_SECONDS: Final = 1.0
NEVER: Final = float("-inf")


class Backoff:
    """The backoff that the latest refusals asked for.

    Refusals of calls that were sent before its end belong to the same round: they may extend it,
    but do not double it.

    :ivar until: monotonic time before which no call may be sent
    :ivar is_probing: no call was accepted since; only one at a time should be sent
    :ivar seconds: how long the latest backoff is, without jitter
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._jitter = 0.0
        self.until = NEVER
        self.is_probing = False
        self.seconds = 0.0

    def record_refused(self, sample: CallSample) -> bool:
        """Start or extend the backoff; return whether the refusal starts a new round."""
        is_new_round = sample.sent_monotonic >= self.until
        seconds = max(SHORTEST_SECONDS, sample.retry_after)
        if is_new_round:
            doubled = min(LONGEST_DOUBLED_SECONDS, 2 * self.seconds) if self.is_probing else 0.0
            seconds = self.seconds = max(seconds, doubled)
            max_jitter = min(MAX_JITTER_SECONDS, JITTER_SHARE * seconds)
            self._jitter = self._random.uniform(0, max_jitter)
            self.is_probing = True
        self.until = max(self.until, sample.ended_monotonic + seconds + self._jitter)
        return is_new_round

    def record_accepted(self, sample: CallSample) -> None:
        """End the probing if the call was sent after the backoff."""
        if self.is_probing and sample.sent_monotonic >= self.until:
            self.is_probing = False
