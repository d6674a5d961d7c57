"""Legal holds, which forbid erasing and pruning what they cover."""

from django.db import models


class LegalHold(models.Model):
    """A legal hold on a person (`learner/12`, `user/3`) or a whole account (`account/1`).

    Releasing a hold deletes its row; the log keeps who placed and released it, and why.

    :ivar placed_by: the ref of the user
    """

    ref = models.CharField(max_length=60, primary_key=True)
    reason = models.CharField(max_length=500)
    placed_by = models.CharField(max_length=60)
    placed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Legal hold on {self.ref}"
