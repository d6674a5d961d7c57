"""How a rate rises again after a cut: quickly, then hardly, then faster and faster.

The shape is that of CUBIC (RFC 9438). Its level in the middle is just under the limit that was met,
so that nearly all of the limit is used most of the time. The rise after it finds out whether the
limit is higher now; once it is past the old one, it takes forty steps to half as much again.
"""

from dataclasses import dataclass
from typing import Final

# Just under the limit: evenly sent calls at this rate are not refused.
KEPT: Final = 0.98
# Steps until that level is reached.
CLIMB: Final = 5.0
# Steps that a rise past the limit counts in: nothing is known of what comes there.
RISE: Final = 20.0
# The rise after the level has begun.
TOUCHING: Final = 0.985


@dataclass(frozen=True, slots=True)
class Recovery:
    """The rate after a cut.

    :ivar start: the rate right after the cut
    :ivar limit: what was too much
    :ivar since: when calls left again
    :ivar step: how long a step of the climb takes
    :ivar patience: how long until the limit is touched again
    """

    start: float
    limit: float
    since: float
    step: float
    patience: float

    def rate(self, now: float) -> float:
        """Return how many calls a second may leave."""
        level, past = KEPT * self.limit, max(0.0, now - self.since)
        to_climb = 1 - past / (CLIMB * self.step)
        if to_climb > 0 and self.start < level:
            return level - (level - self.start) * to_climb**3
        risen = min(past, self.patience) / self.patience
        risen += max(0.0, past - self.patience) / (RISE * self.step)
        return level * (1 + (1 - KEPT) * risen**3)

    def is_touching(self, now: float) -> bool:
        """Tell whether the rate is close to the limit, to see whether it is still there."""
        return self.rate(now) > TOUCHING * self.limit

    def is_climbing(self, now: float) -> bool:
        """Tell whether the rate has not reached its level, or calls left again just now."""
        since = now - self.since
        return since < self.step or (since < CLIMB * self.step and self.start < KEPT * self.limit)
