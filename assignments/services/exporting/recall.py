"""Recall exports when a person is erased: their files, and the searches that name the person."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.db import transaction

from assignments.models import LogExport
from assignments.services.exporting import download

State = LogExport.State
ERASED: Final = (
    "The search named a person who has been erased. Request the export again without the name."
)


def recall_exports(*, has_name: Callable[[str], bool], now: datetime) -> int:
    """Expire every file, restart unfinished exports and clear searches that name the person.

    Returns how many exports changed. Files are deleted when the surrounding transaction commits.

    :param has_name: whether a search names the person
    """
    naming = [
        pk
        for pk, search in LogExport.objects.exclude(search="").values_list("pk", "search")
        if has_name(search)
    ]
    cancelled = LogExport.objects.filter(pk__in=naming, state__in=LogExport.OPEN_STATES)
    cancelled.update(state=State.FAILED, problem=ERASED, worker="", ended_at=now, expires_at=now)
    LogExport.objects.filter(pk__in=naming).update(search="")
    unfinished = LogExport.objects.filter(state=State.WRITING)
    restarted = unfinished.update(state=State.WAITING, worker="", entries_written=0)
    ready = LogExport.objects.filter(state=State.READY).update(expires_at=now)
    transaction.on_commit(lambda: download.expire_exports(now=now))
    return restarted + ready + len(naming)
