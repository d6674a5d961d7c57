"""Audiences: selections with a name, kept for reuse and shared by the managers of an account."""

from django.conf import settings
from django.db import models

from assignments.models.accounts import Account
from assignments.models.directory import Learner


class Audience(models.Model):
    """People who are picked again and again: the same ones, or whoever a filter finds by then.

    `query` is the address of the people table without its page, so that it carries every filter.
    `people` is how many there were when it was saved or used last.
    """

    class Kind(models.TextChoices):
        FIXED = "fixed", "These people"
        FILTER = "filter", "Whoever matches"

    account = models.ForeignKey(Account, models.PROTECT, related_name="audiences")
    name = models.CharField(max_length=120)
    folded_name = models.CharField(max_length=240)
    kind = models.CharField(max_length=6, choices=Kind)
    query = models.CharField(max_length=2000, blank=True)
    people = models.PositiveIntegerField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    used_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "folded_name"], name="one_audience_of_a_name"
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="fixed") | models.Q(query=""),
                name="a_fixed_audience_has_no_filter",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AudienceMember(models.Model):
    """One person of a fixed audience."""

    audience = models.ForeignKey(Audience, models.CASCADE, related_name="members", db_index=False)
    learner = models.ForeignKey(Learner, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["audience", "learner"], name="a_learner_is_a_member_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.learner_id} in {self.audience_id}"
