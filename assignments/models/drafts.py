"""Drafts: assignments that a manager prepares; kept on the server, never sent."""

import uuid

from django.conf import settings
from django.db import models

from assignments.models.accounts import Account
from assignments.models.directory import Content, Learner
from assignments.models.terms import Terms


class Draft(Terms):
    """An assignment in preparation. Its id is the idempotency key of its submission."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, models.PROTECT, related_name="drafts")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="drafts")
    assigns_again = models.BooleanField(default=False)
    is_submitted = models.BooleanField(default=False)
    # The columns that were chosen for files, by a hash of their heading.
    file_columns = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    discarded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(progress=None) | models.Q(progress__range=(0, 100)),
                name="progress_is_0_to_100",
            ),
        ]
        indexes = [models.Index(fields=["owner", "-changed_at"], name="drafts_by_owner")]

    def __str__(self) -> str:
        return f"Draft {self.pk}"


class DraftLearner(models.Model):
    """One person picked in a draft."""

    # 100,000 people are inserted in one statement; a second index and checks of foreign keys make
    # that noticeably slower. People are never deleted, and deleting a draft deletes its rows.
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
    """One item of content in a draft; a due date of None stands for the draft's."""

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
    """One person and item from an uploaded file, in addition to the picked people and items.

    A due date of None stands for the item's due date, or else the draft's. `own_terms` is what
    the row has in place of the draft's terms: see `services.planning.own_terms`.
    """

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="rows", db_index=False)
    learner = models.ForeignKey(Learner, models.PROTECT, related_name="+", db_index=False)
    content = models.ForeignKey(Content, models.PROTECT, related_name="+", db_index=False)
    due_date = models.DateField(null=True, blank=True)
    own_terms = models.TextField(blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["draft", "learner", "content"], name="a_draft_row_is_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.content_id} for {self.learner_id} in {self.draft_id}"


class DraftFile(models.Model):
    """A file that was used in a draft, so that what it brought can be taken out or replaced.

    `row_count` is the number of its valid rows.
    """

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="files")
    name = models.CharField(max_length=200)
    used_at = models.DateTimeField()
    row_count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.name or "The file"


class DraftFileRow(models.Model):
    """A person whom a file named, and item, due date and own terms if it has them.

    `was_picked` tells whether the person was selected otherwise before, and so remains.
    """

    # No other indexes or checks, for the same reason as in `DraftLearner`.
    file = models.ForeignKey(
        DraftFile, models.CASCADE, related_name="rows", db_index=False, db_constraint=False
    )
    learner = models.ForeignKey(
        Learner, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    content = models.ForeignKey(
        Content,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    due_date = models.DateField(null=True)
    own_terms = models.TextField(blank=True, default="", db_default="")
    was_picked = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=["file", "learner"], name="rows_by_file")]

    def __str__(self) -> str:
        return f"{self.content_id} for {self.learner_id} from {self.file_id}"


class DraftUpload(models.Model):
    """A draft's last uploaded file, stored for a day at most.

    `compressed_rows` holds every row until the columns are confirmed, then the invalid ones only.
    `candidates` holds the columns to choose from, as in `Detection`, until `columns` are chosen.
    `people_counts` holds for each column the people whom the cells of the first `sample_size` rows
    name, as `PeopleCount`. `date_order` is the `OrderEvidence` of the only column of due dates.
    Of a workbook with several sheets, `workbook` holds the file, to read another of `other_sheets`.
    `is_repaired` tells a file of refused rows that has been downloaded and corrected.
    `status_values` counts the values by which rows may be left out, by the index of their column.
    """

    draft = models.OneToOneField(
        Draft, models.CASCADE, primary_key=True, related_name="uploaded_file"
    )
    name = models.CharField(max_length=200)
    uploaded_at = models.DateTimeField(db_index=True)
    sheet = models.CharField(max_length=100, blank=True)
    other_sheets = models.JSONField(default=list)
    workbook = models.BinaryField(default=b"")
    heading = models.JSONField()
    heading_row = models.PositiveIntegerField(default=1)
    is_repaired = models.BooleanField(default=False)
    hidden_rows = models.JSONField(default=list)
    status_values = models.JSONField(default=dict)
    preview = models.JSONField()
    sample_size = models.PositiveIntegerField()
    people_counts = models.JSONField()
    candidates = models.JSONField()
    date_order = models.JSONField()
    columns = models.JSONField(null=True)
    compressed_rows = models.BinaryField()
    result = models.JSONField(null=True)

    def __str__(self) -> str:
        return f"{self.name} for {self.draft_id}"
