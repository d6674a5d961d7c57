"""How many calls end, kept beside the attempts so that no page counts thousands of them."""

from datetime import datetime, timedelta
from typing import Final

from django.db import models

TEN_SECONDS: Final = timedelta(seconds=10)


class CallCount(models.Model):
    """The calls that ended in ten seconds, and how many of them made an assignment.

    `at` is where the ten seconds begin.
    """

    at = models.DateTimeField(primary_key=True)
    calls = models.PositiveIntegerField()
    created = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.calls} calls from {self.at} on"

    @property
    def others(self) -> int:
        """How many of them made nothing: refused, put off, or without a clear answer."""
        return self.calls - self.created


def ten_of(moment: datetime) -> datetime:
    """Return where the ten seconds begin that a moment is in."""
    return moment.replace(second=moment.second // 10 * 10, microsecond=0)
