"""Exports of the audit log, which workers write to files that expire."""

from django.conf import settings
from django.db import models


class LogExport(models.Model):
    """One requested export: the entries among the log's first `log_size` that match `search`.

    :ivar search: as typed, kept only until the file expires
    :ivar redacted_search: the search without words that may name a person
    :ivar sample_size: how many entries to draw with `seed`, if the export is a sample
    :ivar frontier: the frontier of the log's Merkle tree at the request
    :ivar seal_number: the seal made at the request, if the log could be sealed
    :ivar worker: a random id of the worker that writes it, while one does
    :ivar attempts: how often a worker started to write it
    :ivar entries_to_write: the matching entries times the passes of the format, for the progress
    :ivar entries: how many entries the file holds
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

    OPEN_STATES = (State.WAITING, State.WRITING)

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="log_exports", db_index=False
    )
    format = models.CharField(max_length=5, choices=Format)
    search = models.TextField(blank=True)
    redacted_search = models.TextField(blank=True)
    sample_size = models.PositiveIntegerField(null=True, blank=True)
    seed = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    log_size = models.PositiveBigIntegerField()
    frontier = models.BinaryField()
    seal_number = models.PositiveBigIntegerField(null=True, blank=True)
    requested_at = models.DateTimeField()
    progressed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=36, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    entries_to_write = models.PositiveBigIntegerField(default=0)
    entries_written = models.PositiveBigIntegerField(default=0)
    entries = models.PositiveBigIntegerField(null=True, blank=True)
    file_name = models.CharField(max_length=100, blank=True)
    file_bytes = models.PositiveBigIntegerField(null=True, blank=True)
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
        """Whether the export is waiting for a worker or being written."""
        return self.state in self.OPEN_STATES
