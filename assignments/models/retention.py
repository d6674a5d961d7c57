"""For how long an account's entries of the log are kept at least."""

from typing import Final

from django.db import models

# A yearly audit looks back over the whole year before.
MIN_MONTHS: Final = 24
MAX_MONTHS: Final = 600


class LogRetention(models.Model):
    """How many months one account's entries are kept; without a row they are kept for ever.

    The account named "" stands for the entries that belong to none, such as sign-ins.
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
