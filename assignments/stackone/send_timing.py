"""Compute when the next call may be sent: at its reserved time, and never in a catch-up burst.

An API's limit counts the requests that arrive in a sliding window. If the process stalled, its
overdue calls are sent with the usual gap; otherwise the window after the stall would overflow.
"""

from typing import Final

# Typical delay of an asyncio timer, in seconds. A call that is late by no more than this does not
# postpone the calls after it, or the rate would fall. The window has room for it: see
# `services.pacing.rate_policy.USABLE_SHARE`.
TIMER_LATENESS: Final = 0.002


class SendTiming:
    """When calls were and may be sent; all times are monotonic seconds.

    :ivar minimum_gap: shortest time between two calls, in seconds
    """

    def __init__(self) -> None:
        self.minimum_gap = 0.0
        self._last_send = 0.0
        self._backoff_until = 0.0

    def earliest_send(self, reserved: float) -> float:
        """Return when the call with this reserved time may be sent."""
        return max(reserved, self._last_send + self.minimum_gap, self._backoff_until)

    def record_send(self, reserved: float, now: float) -> None:
        """Record that a call was sent now; ignore a delay within `TIMER_LATENESS`."""
        self._last_send = max(self.earliest_send(reserved), now - TIMER_LATENESS)

    def back_off_until(self, until: float) -> None:
        """Allow no call to be sent before then."""
        self._backoff_until = max(self._backoff_until, until)
