"""Drafts: what a manager is putting together; kept on the server, never sent."""

import uuid

from django.conf import settings
from django.db import models

from assignments.models.accounts import Account
from assignments.models.directory import Content, Learner


class Status(models.TextChoices):
    """The status that a new assignment is to have in the LMS."""

    PENDING = "pending", "Pending"
    IN_PROGRESS = "in_progress", "In progress"
    COMPLETED = "completed", "Completed"


class Draft(models.Model):
    """An assignment in the making. Its id is the key that makes a submission happen once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, models.PROTECT, related_name="drafts")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="drafts")
    due_date = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=12, choices=Status, default=Status.PENDING)
    progress = models.PositiveSmallIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    assigns_again = models.BooleanField(default=False)
    is_submitted = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    discarded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(progress=None)
                | models.Q(progress__range=(0, 99), status=Status.IN_PROGRESS),
                name="progress_is_0_to_99_and_only_in_progress",
            ),
        ]
        indexes = [models.Index(fields=["owner", "-changed_at"], name="drafts_by_owner")]

    def __str__(self) -> str:
        return f"Draft {self.pk}"


class DraftLearner(models.Model):
    """One person picked in a draft."""

    # 100,000 people are picked in one statement: with a second index, and each row's keys looked up
    # once more, that takes a manager's breath. People are never deleted, and a draft takes its own
    # along.
    draft = models.ForeignKey(
        Draft,
        models.CASCADE,
        related_name="picked_learners",
        db_index=False,
        db_constraint=False,
    )
    learner = models.ForeignKey(
        Learner, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["draft", "learner"], name="a_learner_is_picked_once"),
        ]

    def __str__(self) -> str:
        return f"{self.learner_id} in {self.draft_id}"


class DraftContent(models.Model):
    """One item picked in a draft; without a due date of its own it has the draft's."""

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="picked_contents")
    content = models.ForeignKey(Content, models.PROTECT, related_name="+")
    due_date = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["draft", "content"], name="an_item_is_picked_once"),
        ]

    def __str__(self) -> str:
        return f"{self.content_id} in {self.draft_id}"


class DraftRow(models.Model):
    """One person x item named by an uploaded file, beside what is picked from the lists.

    Without a due date of its own it has the item's, or else the draft's.
    """

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="rows", db_index=False)
    learner = models.ForeignKey(Learner, models.PROTECT, related_name="+", db_index=False)
    content = models.ForeignKey(Content, models.PROTECT, related_name="+", db_index=False)
    due_date = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["draft", "learner", "content"], name="a_row_is_named_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.content_id} for {self.learner_id} in {self.draft_id}"


class DraftUpload(models.Model):
    """What is kept of a draft's last file, for a day at most.

    Until its columns are confirmed `table` holds every row, afterwards only the refused ones.
    """

    draft = models.OneToOneField(
        Draft, models.CASCADE, primary_key=True, related_name="uploaded_file"
    )
    name = models.CharField(max_length=200)
    uploaded_at = models.DateTimeField(db_index=True)
    heading = models.JSONField()
    preview = models.JSONField()
    rate = models.JSONField()
    columns = models.JSONField()
    table = models.BinaryField()
    result = models.JSONField(null=True)

    def __str__(self) -> str:
        return f"{self.name} for {self.draft_id}"
