"""Exports of the audit log by owner."""

from django.db.models import QuerySet

from assignments.models import LogExport


def exports_of(*, owner_pk: int) -> QuerySet[LogExport]:
    """Return the exports that a user requested, newest first."""
    return LogExport.objects.filter(owner=owner_pk).order_by("-requested_at", "-pk")
