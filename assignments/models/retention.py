"""Retention periods of log entries."""

from typing import Final

from django.db import models

# A yearly audit needs all entries of the year before.
MIN_MONTHS: Final = 24
MAX_MONTHS: Final = 600


class LogRetention(models.Model):
    """For how many months an account's entries are kept at least; without a row, for ever.

    The account "" stands for entries that belong to no account, such as sign-ins.
    """

    account = models.CharField(max_length=200, primary_key=True)
    months = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(months__gte=MIN_MONTHS, months__lte=MAX_MONTHS),
                name="entries_are_kept_two_years",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account}: {self.months} months"
