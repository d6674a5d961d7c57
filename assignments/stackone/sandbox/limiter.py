"""The request budget of an API key."""

import math
from collections import deque

WINDOW_SECONDS = 60.0


class SlidingWindow:
    """Lets so many requests through in any sixty seconds; none refused counts."""

    def __init__(self, requests: int) -> None:
        self._requests = requests
        self._passed: deque[float] = deque()

    def wait(self, now: float) -> int:
        """Let a request through and return 0, or return the whole seconds to wait."""
        if not self._requests:
            return 0
        while self._passed and self._passed[0] <= now - WINDOW_SECONDS:
            self._passed.popleft()
        if len(self._passed) >= self._requests:
            return max(1, math.ceil(self._passed[0] + WINDOW_SECONDS - now))
        self._passed.append(now)
        return 0
