"""Exports of the log, as their owner's page asks for them."""

from django.db.models import QuerySet

from assignments.models import LogExport


def exports_of(*, owner_pk: int) -> QuerySet[LogExport]:
    """Return somebody's exports, newest first."""
    return LogExport.objects.filter(owner=owner_pk).order_by("-requested_at", "-pk")
