"""Bulk changes of a draft's selection: a sentence about each, and the people it excluded."""

from django.db import models

from assignments.models.directory import Learner
from assignments.models.drafts import Draft


class SelectionChange(models.Model):
    """One bulk change of the people in a draft; those it excluded can be put back."""

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="changes")
    sentence = models.TextField()
    excluded_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.sentence


class ExcludedLearner(models.Model):
    """One person whom a bulk change removed from the selection."""

    change = models.ForeignKey(
        SelectionChange, models.CASCADE, related_name="excluded", db_index=False
    )
    learner = models.ForeignKey(Learner, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["change", "learner"], name="a_learner_is_excluded_once")
        ]

    def __str__(self) -> str:
        return f"{self.learner_id} excluded by {self.change_id}"
