"""How far the audit log has been forwarded to a SIEM."""

from django.db import models
from django.db.models import Q


class LogForwarding(models.Model):
    """The cursor, in one row: the SIEM has taken every entry before `next`.

    No worker may forward before `not_before` (UTC): until then another worker does, or the wait
    after `failures` in a row lasts, of which `problem` is the latest. `sent_at` is when the SIEM
    last took an entry. `signature` is over `next`, by a key outside the database.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    next = models.PositiveBigIntegerField(default=0)
    signature = models.CharField(max_length=64, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="the_log_is_forwarded_once"),
        ]

    def __str__(self) -> str:
        return f"Forwarded before entry {self.next}"
