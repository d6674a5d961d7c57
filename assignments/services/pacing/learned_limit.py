"""Find a sustainable call rate from the API's refusals (429), when no header advertises a limit.

As in TCP a refusal lowers the rate and then it rises again; the adaptive retry mode of the AWS SDKs
paces calls this way too. Two things differ. What was accepted just before a refusal shows where the
limit is, so most cuts are exact. And a refusal stops all calls for its Retry-After, so it is
expensive: the longer that is, the more rarely the limit is probed again.
"""

from collections import deque
from dataclasses import dataclass
from random import Random
from typing import Final

from assignments.services.pacing.backoff import Backoff
from assignments.services.pacing.rate_recovery import PLATEAU_SHARE, RateRecovery
from assignments.stackone.call_samples import CallSample

# The accepted rate is measured over the second before a refusal, or over twenty calls if these take
# longer; fewer calls show nothing.
MEASURED_SECONDS: Final = 1.0
MEASURED_CALLS: Final = 20
# If more than this share of a climb's calls was accepted, the limit's window is longer than the
# measurement, which therefore does not show the limit.
NEARLY_ALL: Final = 0.97
# This many calls sent after the first refusal show, by the share that was accepted, by how much the
# rate was too high.
CONCLUSIVE_CALLS: Final = 10
# The cut after a refusal that nothing explains: the limit is lower now, by an unknown amount. The
# factor is CUBIC's (RFC 9438, 4.6).
DEFAULT_CUT: Final = 0.7
# One round of refusals cuts the rate to a tenth at most, however little was accepted before it.
DEEPEST_CUT: Final = 0.1
# Calls per second; anything slower would be a pause.
LOWEST_RATE: Final = 0.1
# The recovery's steps are as long as the backoff, so that the backoffs of probing are a small part
# of the time, and as five calls, so that the refusals of probing are a few per cent of all calls.
SHORTEST_STEP_SECONDS: Final = 1.0
CALLS_PER_STEP: Final = 5.0
# Steps until the limit is probed; doubled every time the limit is still the same.
FIRST_PATIENCE_STEPS: Final = 20.0
LONGEST_PATIENCE_STEPS: Final = 160.0
# Limits that differ by no more than this share are the same.
SAME_LIMIT_SHARE: Final = 0.1
# How many accepted calls are remembered: three seconds at full speed.
REMEMBERED_CALLS: Final = 10_000


@dataclass(slots=True)
class RefusalRound:
    """The refusals of calls that were sent at one rate, until the backoff after them is over.

    :ivar sent_monotonic: when the first refused call was sent
    :ivar since_last: seconds after that of the previous round
    :ivar rate: calls per second at which it was sent
    :ivar full_rate: what the rate would have been without refusals
    """

    sent_monotonic: float
    since_last: float
    rate: float
    full_rate: float
    refused: int = 0


class LearnedLimit:
    """The rate, in calls per second, that refusals leave of the full rate.

    A round of refusals cuts the rate once, at the end of its backoff: by then every response has
    arrived and shows how much was accepted.
    """

    def __init__(self, random: Random) -> None:
        self._accepted: deque[float] = deque(maxlen=REMEMBERED_CALLS)
        self._round: RefusalRound | None = None
        self._last_round_monotonic = float("-inf")
        self._recovery: RateRecovery | None = None
        self._patience_steps = FIRST_PATIENCE_STEPS
        self.backoff = Backoff(random)

    def rate(self, now: float, full_rate: float) -> float:
        """Return how many calls may be sent per second, if it is `full_rate` without refusals."""
        if self._round is not None and now >= self.backoff.until:
            self._cut(self._round, full_rate)
            self._round = None
        if self._recovery is None:
            return full_rate
        return min(full_rate, max(LOWEST_RATE, self._recovery.rate(now)))

    def record_accepted(self, sample: CallSample) -> None:
        """Record a call that was not refused."""
        self._accepted.append(sample.sent_monotonic)
        self.backoff.record_accepted(sample)

    def record_refused(self, sample: CallSample, full_rate: float) -> None:
        """Record a call that was refused; `full_rate` is the one when it was sent."""
        rate = self.rate(sample.ended_monotonic, full_rate)
        # A single probe that is refused again shows nothing about the rate.
        was_probing = self.backoff.is_probing
        if self.backoff.record_refused(sample) and not was_probing:
            since_last = sample.sent_monotonic - self._last_round_monotonic
            self._round = RefusalRound(sample.sent_monotonic, since_last, rate, full_rate)
            self._last_round_monotonic = sample.sent_monotonic
        if self._round is not None:
            self._round.refused += 1
            self._round.sent_monotonic = min(self._round.sent_monotonic, sample.sent_monotonic)

    def _cut(self, ended: RefusalRound, full_rate: float) -> None:
        # A limit that the API has advertised since explains the refusals.
        if full_rate < ended.full_rate and full_rate < ended.rate:
            return
        exact_limit = self._exact_limit(ended)
        limit = exact_limit or ended.rate
        self._patience_steps = self._next_patience(limit)
        step = max(SHORTEST_STEP_SECONDS, self.backoff.seconds, CALLS_PER_STEP / limit)
        self._recovery = RateRecovery(
            start=(PLATEAU_SHARE if exact_limit else DEFAULT_CUT) * limit,
            limit=limit,
            since=self.backoff.until,
            step=step,
            patience=self._patience_steps * step,
        )

    def _exact_limit(self, ended: RefusalRound) -> float | None:
        """Return the limit, if the accepted calls show it."""
        if self._has_no_history(ended):
            return ended.rate / PLATEAU_SHARE
        # Calls sent later were probes after the backoff.
        end = self.backoff.until - self.backoff.seconds / 2
        accepted_after = sum(ended.sent_monotonic < sent < end for sent in self._accepted)
        calls_after = accepted_after + ended.refused
        if calls_after >= CONCLUSIVE_CALLS and accepted_after > ended.refused:
            return ended.rate * accepted_after / calls_after
        if ended.refused == 1 and accepted_after and self._is_rare(ended):
            return ended.rate
        return self._measured_limit(ended, is_alone=not accepted_after)

    def _has_no_history(self, ended: RefusalRound) -> bool:
        # Somebody else, or a sender before this one, may have used up the window.
        return not self._accepted or self._accepted[0] > ended.sent_monotonic - MEASURED_SECONDS

    def _is_rare(self, ended: RefusalRound) -> bool:
        step = max(SHORTEST_STEP_SECONDS, self.backoff.seconds)
        return ended.since_last > FIRST_PATIENCE_STEPS * step

    def _measured_limit(self, ended: RefusalRound, *, is_alone: bool) -> float | None:
        """Return the rate accepted in the second before, if the rate had been rising.

        If it had not, the limit was not reached but was lowered, by an unknown amount.
        """
        recovery = self._recovery
        if recovery is None:
            return None
        longest = min(MEASURED_CALLS / ended.rate, ended.since_last)
        seconds = max(MEASURED_SECONDS, longest)
        begin = ended.sent_monotonic - seconds
        count = sum(begin < sent <= ended.sent_monotonic for sent in self._accepted)
        if count < MEASURED_CALLS - 1:
            return None
        if not recovery.is_probing(ended.sent_monotonic):
            # A backoff within the measurement does not distort it if the API counts in windows.
            is_undistorted = is_alone or begin >= recovery.since
            shows_limit = count / seconds < NEARLY_ALL * ended.rate
            is_climbing = recovery.is_climbing(ended.sent_monotonic)
            if not (is_undistorted and shows_limit and is_climbing):
                return None
        return min(ended.rate, max(count / seconds, DEEPEST_CUT * ended.rate))

    def _next_patience(self, limit: float) -> float:
        previous = self._recovery
        if previous is None or abs(limit - previous.limit) > SAME_LIMIT_SHARE * previous.limit:
            return FIRST_PATIENCE_STEPS
        return min(LONGEST_PATIENCE_STEPS, 2 * self._patience_steps)
