"""Linked LMS accounts, the rate budget of an API key, syncs and workers."""

from django.db import models


class Account(models.Model):
    """One linked LMS behind the API key, with the lease of its sender.

    `failing_since` is when the LMS became unreachable, `sync_failing_since` when its lists could no
    longer be read although syncs were tried again. `provider_rate_per_minute` is the rate its
    provider accepted, where that is below the configured one. `passthrough` is what new drafts
    begin with, a JSON object as compact text. `refusals` is how many calls StackOne itself has
    refused since it last passed a create on to the LMS, at `passed_on_at` or up to ten seconds
    later. `clock_at` is when a sender worked last: in the future, if the clock was set back since.
    """

    remote_id = models.CharField(max_length=200, unique=True)
    name = models.CharField(max_length=200, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    pause_reason = models.CharField(max_length=500, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    sync_failing_since = models.DateTimeField(null=True, blank=True)
    sender = models.CharField(max_length=36, blank=True)
    sender_lease_until = models.DateTimeField(null=True, blank=True)
    synced_at = models.DateTimeField(null=True, blank=True)
    provider_rate_per_minute = models.PositiveIntegerField(null=True, blank=True)
    slowed_until = models.DateTimeField(null=True, blank=True)
    passthrough = models.TextField(blank=True)
    passed_on_at = models.DateTimeField(null=True, blank=True)
    refusals = models.PositiveIntegerField(default=0)
    clock_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(paused_at=None) | ~models.Q(pause_reason=""),
                name="a_paused_account_says_why",
            ),
            models.CheckConstraint(
                condition=models.Q(sender="") | models.Q(sender_lease_until__isnull=False),
                name="a_sender_has_a_lease",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.remote_id


class RateBudget(models.Model):
    """The next send slot of an API key; all senders reserve their requests in this row.

    `key_hash` is a keyed hash of the API key. `reserved_at` is the time of the last reservation: if
    it is in the future, the clock was set back since. The last 429 that did not say how long to
    wait made everybody wait for `backoff_seconds`, until `backoff_until`.
    """

    key_hash = models.CharField(max_length=64, primary_key=True)
    next_slot_at = models.DateTimeField()
    reserved_at = models.DateTimeField(null=True)
    backoff_until = models.DateTimeField(null=True)
    backoff_seconds = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return self.key_hash


class SyncRun(models.Model):
    """One sync of an account; stage and cursor let another worker continue after a crash.

    `runner` is the token of the worker that runs it. `removed` counts people and content that the
    LMS no longer lists, `changed` people who are new or changed, `unreadable` entries that could
    not be stored, `stage_count` records of the stage so far, `restarts` how often the stage began
    anew. `failures` counts failed reads in a row, the first at `failing_since`; the next read is at
    `retry_at`. In the confirming pass of a full sync, a list is read again before rows that were
    not on it are marked as inactive. A run that finished in another stage than DONE has failed.
    """

    class Stage(models.TextChoices):
        LEARNERS = "learners", "People"
        CONTENT = "content", "Content"
        COURSES = "courses", "Courses"
        ASSIGNMENTS = "assignments", "Assignments"
        DONE = "done", "Done"

    account = models.ForeignKey(Account, models.PROTECT, related_name="syncs")
    stage = models.CharField(max_length=12, choices=Stage, default=Stage.LEARNERS)
    cursor = models.TextField(blank=True)
    is_full = models.BooleanField()
    changed_since = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField()
    progressed_at = models.DateTimeField()
    runner = models.CharField(max_length=36, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    learners = models.PositiveIntegerField(default=0)
    contents = models.PositiveIntegerField(default=0)
    assignments = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unreadable = models.PositiveIntegerField(default=0)
    stage_count = models.PositiveIntegerField(default=0)
    restarts = models.PositiveSmallIntegerField(default=0)
    is_confirming = models.BooleanField(default=False)
    failures = models.PositiveSmallIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    remark = models.CharField(max_length=500, blank=True)
    problem = models.CharField(max_length=500, blank=True)
    started_by = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account"],
                condition=models.Q(finished_at=None),
                name="one_open_sync_per_account",
            ),
        ]

    def __str__(self) -> str:
        return f"Sync {self.pk} of {self.account}"


class SyncPage(models.Model):
    """The remote ids on one page of a full sync, stored until the stage is complete.

    Rows whose ids were on no page are then marked as inactive. A null among the ids stands for
    entries that could not be read.
    """

    run = models.ForeignKey(SyncRun, models.CASCADE, related_name="pages")
    stage = models.CharField(max_length=12, choices=SyncRun.Stage)
    remote_ids = models.JSONField()

    def __str__(self) -> str:
        return f"{self.stage} of sync {self.run_id}"


class Worker(models.Model):
    """A worker process and the time of its last heartbeat."""

    name = models.CharField(max_length=100, primary_key=True)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
