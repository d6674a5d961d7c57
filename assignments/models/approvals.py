"""Approvals: why a batch needs one, when the request expires, and the decision."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from assignments.models.batches import Batch


class Approval(models.Model):
    """The request for approval of a batch and its decision, which is about `plan_digest`.

    `approval_reasons` are sentences, `contents` the items' texts at the time of the review.
    `email_at` is when an e-mail about the request or the decision is due.
    """

    class Decision(models.TextChoices):
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"
        EXPIRED = "expired", "Expired"
        WITHDRAWN = "withdrawn", "Withdrawn"

    batch = models.OneToOneField(Batch, models.PROTECT, primary_key=True, related_name="approval")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    plan_digest = models.CharField(max_length=64)
    approval_reasons = models.JSONField()
    contents = models.JSONField()
    decision = models.CharField(max_length=9, choices=Decision, blank=True)
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
                condition=Q(decision="") | Q(decided_at__isnull=False),
                name="a_decision_has_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(decision__in=["approved", "rejected"])
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("requested_by"))),
                name="nobody_decides_about_their_own_batch",
            ),
            models.CheckConstraint(
                condition=~Q(decision="rejected") | ~Q(reason=""), name="a_rejection_has_a_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(decision=""), name="open_approvals"),
            models.Index(
                fields=["email_at"], condition=Q(email_at__isnull=False), name="emails_due"
            ),
        ]

    def __str__(self) -> str:
        return f"Approval of {self.batch}"


class SubmitterAddress(models.Model):
    """A keyed hash of an address that the submitter had used by the time of the submission."""

    approval = models.ForeignKey(
        Approval, models.CASCADE, related_name="submitter_addresses", db_index=False
    )
    digest = models.CharField(max_length=64, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["approval", "digest"], name="an_address_is_stored_once_for_an_approval"
            ),
        ]

    def __str__(self) -> str:
        return f"An address of the submitter of {self.approval_id}"
