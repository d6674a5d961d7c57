"""The request budget of an API key."""

import math
from collections import deque
from dataclasses import dataclass

MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests a minute, counted in windows of so many seconds; 0 is no limit."""

    requests_per_minute: int = 0
    window_seconds: int = 60

    @property
    def quota(self) -> int:
        """How many requests a window holds."""
        wanted = self.requests_per_minute
        return wanted and max(1, int(wanted * self.window_seconds / MINUTE))


class SlidingWindow:
    """Lets so many requests through in any window; none refused counts."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._passed: deque[float] = deque()

    def wait(self, now: float) -> int:
        """Let a request through and return 0, or return the whole seconds to wait."""
        if not self.limit.quota:
            return 0
        if self.remaining(now) <= 0:
            return self.reset(now)
        self._passed.append(now)
        return 0

    def remaining(self, now: float) -> int:
        """Return how many requests the window still holds."""
        while self._passed and self._passed[0] <= now - self.limit.window_seconds:
            self._passed.popleft()
        return self.limit.quota - len(self._passed)

    def reset(self, now: float) -> int:
        """Return in how many whole seconds, at least one, the window holds one more."""
        too_many = max(0, -self.remaining(now))
        oldest = self._passed[too_many] if self._passed else now
        return max(1, math.ceil(oldest + self.limit.window_seconds - now))

    def headers(self, now: float) -> dict[str, str]:
        """Return what an API says of its limit (draft-ietf-httpapi-ratelimit-headers)."""
        left = max(0, self.remaining(now))
        return {
            "RateLimit-Policy": f'"default";q={self.limit.quota};w={self.limit.window_seconds}',
            "RateLimit": f'"default";r={left};t={self.reset(now)}',
        }
