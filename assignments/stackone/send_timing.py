"""When the next call leaves: at its reserved time, and never in a burst because others were late.

A limit counts what arrives in a sliding window. After a stall of the process the calls that are
overdue must not leave all at once, or the window behind the stall holds more than it may.
"""

from typing import Final

# Timers are late by so much. Put off by it again and again, calls would leave too seldom; the gap
# has room for it: see `services.tempo.SHARE`.
HARDLY: Final = 0.002


class Rhythm:
    """The times at which calls leave; all in monotonic seconds.

    :ivar least_gap: the shortest time between two calls
    """

    def __init__(self) -> None:
        self.least_gap = 0.0
        self._left = 0.0
        self._held = 0.0

    def next_leaves(self, reserved: float) -> float:
        """Return when the call with this reserved time may leave."""
        return max(reserved, self._left + self.least_gap, self._held)

    def left(self, reserved: float, now: float) -> None:
        """Note that it left; what is hardly late keeps the others' times."""
        self._left = max(self.next_leaves(reserved), now - HARDLY)

    def hold(self, until: float) -> None:
        """Let nothing leave before then."""
        self._held = max(self._held, until)
