"""Exports of the log that workers write, and where their files are until they expire."""

from django.conf import settings
from django.db import models


class LogExport(models.Model):
    """One export that somebody asked for; it holds the log's first `size` entries that fit.

    `search` is what was asked in clear, kept only until the file expires; `masked` names nobody.
    `frontier` is that of the log's tree when it was asked for, `seal` the number of the seal made
    then, if one could be made. `done` of `work` entries were written; a format may write each of
    them several times. `runner` is the worker that is at it, `file` the name of what it wrote.
    With a `seed` it is a sample.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        WRITING = "writing", "Being written"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"
        EXPIRED = "expired", "Expired"

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "Excel workbook"
        JSONL = "jsonl", "JSON Lines"
        PACK = "pack", "Evidence pack"

    OPEN = (State.WAITING, State.WRITING)

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="log_exports", db_index=False
    )
    format = models.CharField(max_length=5, choices=Format)
    search = models.TextField(blank=True)
    masked = models.TextField(blank=True)
    sample = models.PositiveIntegerField(null=True, blank=True)
    seed = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    size = models.PositiveBigIntegerField()
    frontier = models.BinaryField()
    seal = models.PositiveBigIntegerField(null=True, blank=True)
    requested_at = models.DateTimeField()
    progressed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    runner = models.CharField(max_length=36, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    work = models.PositiveBigIntegerField(default=0)
    done = models.PositiveBigIntegerField(default=0)
    entries = models.PositiveBigIntegerField(null=True, blank=True)
    file = models.CharField(max_length=100, blank=True)
    bytes = models.PositiveBigIntegerField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    problem = models.CharField(max_length=700, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-requested_at"], name="log_exports_by_owner"),
            models.Index(fields=["state", "expires_at"], name="log_exports_by_state"),
        ]

    def __str__(self) -> str:
        return f"Export {self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether a worker is at it, or will be."""
        return self.state in self.OPEN
