"""Audiences: saved selections and filters of people, shared by the managers of an account."""

from typing import Final

from django.conf import settings
from django.db import models

from assignments.models.accounts import Account
from assignments.models.directory import Learner
from assignments.models.terms import DefaultTerms

# As long as the request line of most proxies: about a hundred values of facets.
MAX_QUERY: Final = 8_000


class Audience(DefaultTerms):
    """A named group of people for reuse: fixed members, or everybody who matches a filter.

    `query` is the URL query string of the people table without its page, with every filter.
    `people` is the number of people when it was saved or last used. Its default terms are filled in
    for drafts to which it is added.
    """

    class Kind(models.TextChoices):
        FIXED = "fixed", "These people"
        FILTER = "filter", "Everybody who matches"

    account = models.ForeignKey(Account, models.PROTECT, related_name="audiences")
    name = models.CharField(max_length=120)
    folded_name = models.CharField(max_length=240)
    kind = models.CharField(max_length=6, choices=Kind)
    query = models.CharField(max_length=MAX_QUERY, blank=True)
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
