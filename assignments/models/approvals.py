"""Approvals: why a batch needs a second person, until when, and what that person decided."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from assignments.models.batches import Batch


class Approval(models.Model):
    """What one batch was asked approval for, decided once; the hash in it is what was decided on.

    `because` holds sentences, `contents` what the items were called and looked like at the review.
    A letter is to be written about it at `email_at`: the request, or once decided the decision.
    """

    class Verdict(models.TextChoices):
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"
        EXPIRED = "expired", "Expired"
        WITHDRAWN = "withdrawn", "Withdrawn"

    batch = models.OneToOneField(Batch, models.PROTECT, primary_key=True, related_name="approval")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    plan_digest = models.CharField(max_length=64)
    because = models.JSONField()
    contents = models.JSONField()
    verdict = models.CharField(max_length=9, choices=Verdict, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    decided_by_name = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    email_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict="") | Q(decided_at__isnull=False),
                name="a_verdict_knows_when",
            ),
            models.CheckConstraint(
                condition=~Q(verdict__in=["approved", "rejected"])
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("requested_by"))),
                name="nobody_decides_about_their_own_batch",
            ),
            models.CheckConstraint(
                condition=~Q(verdict="rejected") | ~Q(reason=""), name="a_rejection_says_why"
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(verdict=""), name="open_approvals"),
            models.Index(
                fields=["email_at"], condition=Q(email_at__isnull=False), name="letters_to_write"
            ),
        ]

    def __str__(self) -> str:
        return f"Approval of {self.batch}"
