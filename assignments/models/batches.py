"""Batches and their assignments: the frozen plan and the state of each row."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from assignments.models.accounts import Account
from assignments.models.directory import Content, Learner
from assignments.models.terms import Terms


class Batch(Terms):
    """One submission by one manager: people and items, one status, one reason.

    Created with its rows at the review; `plan_digest` identifies what was reviewed. `number` is
    given at submission: pages, addresses and the log name the batch by it. `due_date` is the
    earliest of its rows. `duplicate_rows` counts the rows that lists and file both contained.
    `item_terms` is a JSON object as compact text: the default terms of its items by reference.
    `split_with` lists the numbers of the batches with which it may have been split: see
    `split_batches`.
    """

    class State(models.TextChoices):
        PLANNED = "planned", "Reviewed, not submitted"
        APPROVAL = "approval", "Waiting for approval"
        WAITING = "waiting", "Starting soon"
        HELD = "held", "Held"
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"
        CANCELLED = "cancelled", "Undone"
        REJECTED = "rejected", "Not approved"
        EXPIRED = "expired", "Approval expired"

    # States of batches that ended before all of their rows were sent; the others are withdrawn.
    WITHDRAWN = (State.STOPPED, State.CANCELLED, State.REJECTED, State.EXPIRED)

    submission_key = models.UUIDField(unique=True)
    number = models.PositiveBigIntegerField(null=True, blank=True, unique=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="batches")
    state = models.CharField(max_length=9, choices=State, default=State.PLANNED)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="batches")
    by_name = models.CharField(max_length=200)
    title = models.CharField(max_length=500)
    people = models.PositiveIntegerField()
    items = models.PositiveIntegerField()
    rows = models.PositiveIntegerField(default=0)
    duplicate_rows = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    has_several_due_dates = models.BooleanField(default=False)
    item_terms = models.TextField(blank=True)
    plan_digest = models.CharField(max_length=64)
    frozen_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    starts_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    pause_reason = models.TextField(blank=True)
    has_passed_canary = models.BooleanField(default=False)
    failures_counted_from = models.DateTimeField(null=True, blank=True)
    request_id = models.CharField(max_length=36, blank=True)
    split_with = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="planned") | Q(submitted_at__isnull=False),
                name="only_a_planned_batch_is_not_submitted",
            ),
            models.CheckConstraint(
                condition=Q(number__isnull=True, submitted_at__isnull=True)
                | Q(number__isnull=False, submitted_at__isnull=False),
                name="only_a_submitted_batch_has_a_number",
            ),
            models.CheckConstraint(
                condition=~Q(state="waiting") | Q(starts_at__isnull=False),
                name="a_waiting_batch_knows_when_it_starts",
            ),
        ]
        indexes = [
            models.Index(fields=["-submitted_at", "-id"], name="batches_newest_first"),
            models.Index(fields=["state", "starts_at"], name="batches_that_are_due"),
        ]

    def __str__(self) -> str:
        return f"B-{self.number:04d}" if self.number else "Plan that is not submitted"

    @property
    def ref(self) -> str:
        """The batch as the log names it, such as "batch/12"."""
        return f"batch/{self.number}"


class BatchCounter(models.Model):
    """The number of the newest batch, in one row that each submission locks."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    newest = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="batches_have_one_counter"),
        ]

    def __str__(self) -> str:
        return f"Counter at {self.newest}"


class PlanDigestInput(models.Model):
    """What `Batch.plan_digest` is computed from, besides the columns of the batch.

    `version` is that of the digest's format. `row_digests` holds the SHA-256 of each row (32
    bytes), joined by position. `commitments` and `salts` are base64 by field of the batch, for
    text that may have to be erased: erasing a text deletes its salt and keeps its commitment.
    """

    batch = models.OneToOneField(
        Batch, models.CASCADE, primary_key=True, related_name="digest_input"
    )
    version = models.PositiveSmallIntegerField()
    row_digests = models.BinaryField()
    commitments = models.JSONField(default=dict)
    salts = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"Digest input of {self.batch}"


class Assignment(models.Model):
    """One learner and one item: a row of the plan, sent by one or more attempts.

    `attempt` is the fencing token: only the current attempt may write an outcome. `started_in` is
    the number of the log entry that says when, and with which other rows, it was started.
    `is_contradictory` means that the response was a success which reports an error. `refusals` is
    how many of its calls StackOne refused so that it may have meant the account, not this row.
    """

    class State(models.TextChoices):
        PLANNED = "planned", "Planned"
        QUEUED = "queued", "Waiting"
        SENDING = "sending", "Sending"
        UNKNOWN = "unknown", "Sent, no answer yet"
        CONFIRMED = "confirmed", "Confirmed, not found in the LMS"
        CREATED = "created", "Created"
        REJECTED = "rejected", "Failed"
        SKIPPED = "skipped", "Skipped"
        CANCELLED = "cancelled", "Withdrawn"

    # States of rows that may still be sent, read back or decided about.
    UNSETTLED = (State.PLANNED, State.QUEUED, State.SENDING, State.UNKNOWN, State.CONFIRMED)
    # States of rows whose call has left and whose record is not known.
    SENT_WITHOUT_RECORD = (State.SENDING, State.UNKNOWN, State.CONFIRMED)

    # A column that a constraint begins with needs no index of its own.
    batch = models.ForeignKey(Batch, models.PROTECT, related_name="assignments", db_index=False)
    position = models.PositiveIntegerField()
    learner = models.ForeignKey(Learner, models.PROTECT, related_name="assignments")
    content = models.ForeignKey(Content, models.PROTECT, related_name="assignments")
    learner_remote_id = models.CharField(max_length=200)
    content_remote_id = models.CharField(max_length=200)
    content_reference = models.CharField(max_length=200)
    due_date = models.DateField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    own_terms = models.TextField(blank=True, default="", db_default="")
    state = models.CharField(max_length=9, choices=State, default=State.PLANNED)
    attempt = models.PositiveSmallIntegerField(default=0)
    started_in = models.PositiveBigIntegerField(null=True, blank=True)
    sender = models.CharField(max_length=36, blank=True)
    send_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    unknown_at = models.DateTimeField(null=True, blank=True)
    read_back_at = models.DateTimeField(null=True, blank=True)
    read_backs = models.PositiveSmallIntegerField(default=0)
    resends = models.PositiveSmallIntegerField(default=0)
    remote_id = models.CharField(max_length=200, blank=True)
    response_status = models.PositiveSmallIntegerField(null=True, blank=True)
    problem = models.CharField(max_length=500, blank=True)
    problem_field = models.CharField(max_length=100, blank=True)
    is_contradictory = models.BooleanField(default=False, db_default=False)
    refusals = models.PositiveSmallIntegerField(default=0, db_default=0)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="a_position_is_taken_once"),
            models.UniqueConstraint(
                fields=["batch", "learner", "content"], name="an_item_is_assigned_once_in_a_batch"
            ),
            models.CheckConstraint(
                condition=~Q(state="created") | ~Q(remote_id=""),
                name="created_means_the_lms_has_a_record",
            ),
            models.CheckConstraint(
                condition=~Q(state="confirmed") | Q(response_status__range=(200, 299)),
                name="confirmed_means_the_lms_took_it",
            ),
            models.CheckConstraint(
                condition=~Q(state="sending")
                | (Q(attempt__gte=1) & ~Q(sender="") & Q(sent_at__isnull=False)),
                name="sending_means_a_sender_claimed_it",
            ),
            models.CheckConstraint(
                condition=~Q(state="queued") | Q(send_at__isnull=False),
                name="queued_means_it_may_be_sent_at_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["skipped", "rejected"]) | ~Q(problem=""),
                name="skipped_and_rejected_say_why",
            ),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=False)
                | ~Q(state__in=["created", "rejected", "skipped", "cancelled"]),
                name="a_settled_row_knows_when",
            ),
        ]
        indexes = [
            models.Index(fields=["batch", "state", "send_at", "position"], name="rows_to_send"),
            models.Index(
                fields=["read_back_at"],
                condition=Q(read_back_at__isnull=False),
                name="rows_to_look_up",
            ),
            models.Index(fields=["batch", "-settled_at"], name="rows_latest_first"),
            models.Index(fields=["remote_id"], name="rows_by_remote_id"),
            models.Index(fields=["id"], condition=~Q(own_terms=""), name="rows_with_own_terms"),
        ]

    def __str__(self) -> str:
        return f"Assignment {self.pk}"


class Attempt(models.Model):
    """One API call for an assignment, stored when it has ended or its sender was lost."""

    assignment = models.ForeignKey(
        Assignment, models.PROTECT, related_name="attempts", db_index=False
    )
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    outcome = models.CharField(max_length=9, choices=Assignment.State)
    response_status = models.PositiveSmallIntegerField(null=True, blank=True)
    problem = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assignment", "number"], name="an_attempt_ends_once"),
        ]

    def __str__(self) -> str:
        return f"Attempt {self.number} of assignment {self.assignment_id}"
