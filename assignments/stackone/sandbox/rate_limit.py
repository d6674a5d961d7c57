"""The rate limit of an API key, as a sliding window."""

import math
from collections import deque
from dataclasses import dataclass

MINUTE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A limit in requests per minute, counted in windows of so many seconds; 0 is no limit."""

    requests_per_minute: int = 0
    window_seconds: int = 60

    @property
    def quota(self) -> int:
        """How many requests a window holds."""
        if not self.requests_per_minute:
            return 0
        return max(1, int(self.requests_per_minute * self.window_seconds / MINUTE_SECONDS))


class SlidingWindow:
    """Accepts as many requests as the limit allows in any window; refused ones do not count."""

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self._accepted: deque[float] = deque()

    def admit(self, now: float) -> int:
        """Accept a request and return 0, or return the whole seconds to wait."""
        if not self.limit.quota:
            return 0
        if self.remaining(now) <= 0:
            return self.reset(now)
        self._accepted.append(now)
        return 0

    def remaining(self, now: float) -> int:
        """Return how many more requests the window may contain."""
        while self._accepted and self._accepted[0] <= now - self.limit.window_seconds:
            self._accepted.popleft()
        return self.limit.quota - len(self._accepted)

    def reset(self, now: float) -> int:
        """Return in how many whole seconds, at least 1, another request is accepted."""
        excess = max(0, -self.remaining(now))
        oldest = self._accepted[excess] if self._accepted else now
        return max(1, math.ceil(oldest + self.limit.window_seconds - now))

    def headers(self, now: float) -> dict[str, str]:
        """Return the rate-limit headers (draft-ietf-httpapi-ratelimit-headers-08)."""
        remaining = max(0, self.remaining(now))
        return {
            "RateLimit-Policy": f'"default";q={self.limit.quota};w={self.limit.window_seconds}',
            "RateLimit": f'"default";r={remaining};t={self.reset(now)}',
        }
