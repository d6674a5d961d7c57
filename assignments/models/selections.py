"""How a draft's selection came about: what was added or left out at once, told in sentences."""

from django.db import models

from assignments.models.directory import Learner
from assignments.models.drafts import Draft


class SelectionChange(models.Model):
    """Many people added or left out by one act; who was left out can be put back."""

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="changes")
    said = models.TextField()
    left_out = models.PositiveIntegerField(default=0)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.said


class ExcludedLearner(models.Model):
    """One person whom a change took out of the selection."""

    change = models.ForeignKey(SelectionChange, models.CASCADE, related_name="left", db_index=False)
    learner = models.ForeignKey(Learner, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["change", "learner"], name="a_learner_is_left_out_once")
        ]

    def __str__(self) -> str:
        return f"{self.learner_id} left out by {self.change_id}"
