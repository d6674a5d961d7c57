"""For how long a batch can be undone before it starts."""

from typing import Final

from django.conf import settings

LARGE_BATCH: Final = 500
LARGE_HOLD_SECONDS: Final = 30


def hold_seconds(to_send: int) -> int:
    """Return for how long a batch of so many rows can be undone before it starts."""
    hold: int = settings.GRACE_SECONDS
    return max(hold, LARGE_HOLD_SECONDS) if hold and to_send > LARGE_BATCH else hold
