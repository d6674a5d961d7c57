"""Asking the LMS anew what the people of one plan have, while its review waits."""

from django.db import models

from assignments.models.drafts import Draft


class PlanRefresh(models.Model):
    """The latest refresh of a draft's plan; `last_learner` lets another worker go on after a kill.

    `plan_digest` is the plan whose people are asked about. It ends with a problem or without one.
    """

    draft = models.OneToOneField(
        Draft, models.CASCADE, primary_key=True, related_name="plan_refresh"
    )
    plan_digest = models.CharField(max_length=64)
    people = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    unread = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    last_learner = models.PositiveBigIntegerField(default=0)
    runner = models.CharField(max_length=36, blank=True)
    started_at = models.DateTimeField()
    progressed_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=700, blank=True)

    def __str__(self) -> str:
        return f"Refresh of {self.draft_id}"

    @property
    def is_going(self) -> bool:
        """Whether it has not ended."""
        return self.finished_at is None
