"""Legal holds: of whom nothing may be erased."""

from django.db import models


class LegalHold(models.Model):
    """One hold: on a person (`learner/12`, `user/3`) or on all of an account (`account/1`).

    It ends by being deleted; who laid it, who lifted it and why stands in the log.
    """

    ref = models.CharField(max_length=60, primary_key=True)
    reason = models.CharField(max_length=500)
    by = models.CharField(max_length=60)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Hold on {self.ref}"
