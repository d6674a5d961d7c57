"""Raise the call rate again after it was cut: first quickly, then hardly at all, then faster.

The curve is that of CUBIC (RFC 9438). Its plateau is just below the limit that was met, so that
nearly all of the limit is used most of the time. The rise after the plateau, the probe, finds out
whether the limit is higher now; beyond the old limit it takes forty steps to rise by half.
"""

from dataclasses import dataclass
from typing import Final

# The plateau, as a share of the limit: evenly sent calls at this rate are not refused.
PLATEAU_SHARE: Final = 0.98
# Steps until the plateau is reached.
CLIMB_STEPS: Final = 5.0
# Unit, in steps, of the rise beyond the limit, which is slow because nothing is known there.
PROBE_STEPS: Final = 20.0
# From this share of the limit on the rate counts as probing.
PROBING_SHARE: Final = 0.985


@dataclass(frozen=True, slots=True)
class RateRecovery:
    """The rate after a cut, in calls per second.

    :ivar start: the rate right after the cut
    :ivar limit: the rate that was too high
    :ivar since: monotonic time at which calls were sent again
    :ivar step: length of a step of the climb, in seconds
    :ivar patience: seconds until the limit is reached again
    """

    start: float
    limit: float
    since: float
    step: float
    patience: float

    def rate(self, now: float) -> float:
        """Return how many calls may be sent per second."""
        plateau, elapsed = PLATEAU_SHARE * self.limit, max(0.0, now - self.since)
        to_climb = 1 - elapsed / (CLIMB_STEPS * self.step)
        if to_climb > 0 and self.start < plateau:
            return plateau - (plateau - self.start) * to_climb**3
        risen = min(elapsed, self.patience) / self.patience
        risen += max(0.0, elapsed - self.patience) / (PROBE_STEPS * self.step)
        return plateau * (1 + (1 - PLATEAU_SHARE) * risen**3)

    def is_probing(self, now: float) -> bool:
        """Return whether the rate is close to the limit or beyond it."""
        return self.rate(now) > PROBING_SHARE * self.limit

    def is_climbing(self, now: float) -> bool:
        """Return whether the rate is below its plateau, or has recovered for less than a step."""
        elapsed = now - self.since
        is_below_plateau = self.start < PLATEAU_SHARE * self.limit
        return elapsed < self.step or (elapsed < CLIMB_STEPS * self.step and is_below_plateau)
