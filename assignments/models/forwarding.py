"""How far the audit log was handed on to a SIEM."""

from django.db import models
from django.db.models import Q


class LogForwarding(models.Model):
    """The one row that says so: every entry before `next` was taken.

    Until `until` somebody is at it, or nobody is to try again after `failures` in a row, of which
    `problem` is the last. At `sent_at` an entry was taken last.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    next = models.PositiveBigIntegerField(default=0)
    until = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="the_log_is_forwarded_once"),
        ]

    def __str__(self) -> str:
        return f"Forwarded before entry {self.next}"
