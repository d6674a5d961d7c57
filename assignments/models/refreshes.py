"""Refreshes: reading the assignments of a plan's people from the LMS again, during its review."""

from django.db import models

from assignments.models.drafts import Draft


class PlanRefresh(models.Model):
    """The latest refresh of a draft's plan; it is running until `finished_at` is set.

    `plan_digest` is the plan whose people are read. `runner` is the token of the worker that runs
    it; `last_learner_pk` lets another worker continue after a crash. `people_read` counts those in
    `people_not_read` too, for whom the LMS refused to list assignments.
    """

    draft = models.OneToOneField(
        Draft, models.CASCADE, primary_key=True, related_name="plan_refresh"
    )
    plan_digest = models.CharField(max_length=64)
    people = models.PositiveIntegerField()
    people_read = models.PositiveIntegerField(default=0)
    people_not_read = models.PositiveIntegerField(default=0)
    assignments_added = models.PositiveIntegerField(default=0)
    assignments_removed = models.PositiveIntegerField(default=0)
    last_learner_pk = models.PositiveBigIntegerField(default=0)
    runner = models.CharField(max_length=36, blank=True)
    started_at = models.DateTimeField()
    progressed_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=700, blank=True)

    def __str__(self) -> str:
        return f"Refresh of {self.draft_id}"

    @property
    def is_running(self) -> bool:
        """Whether it is not finished."""
        return self.finished_at is None
