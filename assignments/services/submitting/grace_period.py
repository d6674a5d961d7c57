"""The grace period: how long a batch waits after submission or approval, while it can be undone."""

from typing import Final

from django.conf import settings

LARGE_BATCH: Final = 500
LARGE_BATCH_SECONDS: Final = 30


def grace_seconds(to_send: int) -> int:
    """Return the grace period, in seconds, of a batch with so many rows to send.

    It is GRACE_SECONDS, and at least 30 for more than 500 rows; 0 switches it off for all.
    """
    grace: int = settings.GRACE_SECONDS
    return max(grace, LARGE_BATCH_SECONDS) if grace and to_send > LARGE_BATCH else grace
