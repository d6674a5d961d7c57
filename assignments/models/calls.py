"""Counts of ended calls per ten seconds, so that no page counts thousands of attempts."""

from datetime import datetime, timedelta
from typing import Final

from django.db import models

INTERVAL: Final = timedelta(seconds=10)


class CallCount(models.Model):
    """How many calls ended within ten seconds, and how many of them created an assignment."""

    starts_at = models.DateTimeField(primary_key=True)
    calls = models.PositiveIntegerField()
    created = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.calls} calls in the 10 seconds from {self.starts_at}"

    @property
    def not_created(self) -> int:
        """How many created nothing: refused, put off, or without a clear outcome."""
        return self.calls - self.created


def interval_start(moment: datetime) -> datetime:
    """Return the start of the ten seconds that a time is in."""
    return moment.replace(second=moment.second // 10 * 10, microsecond=0)
