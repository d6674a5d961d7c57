"""Taking back what exports hold when a name is erased: files, and what was searched for."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.db import transaction

from assignments.models import LogExport
from assignments.services.exporting import download

State = LogExport.State
ERASED: Final = "What was searched for was erased meanwhile. Search again, without the name."


def recall(*, names: Callable[[str], bool], now: datetime) -> int:
    """Let every file expire and what is being written begin anew; return how many that were.

    The files themselves are deleted once the transaction that this is a part of has ended.

    :param names: tells of a search whether it names the person
    """
    naming = [
        pk
        for pk, search in LogExport.objects.exclude(search="").values_list("pk", "search")
        if names(search)
    ]
    stopped = LogExport.objects.filter(pk__in=naming, state__in=LogExport.OPEN)
    stopped.update(state=State.FAILED, problem=ERASED, runner="", ended_at=now, expires_at=now)
    LogExport.objects.filter(pk__in=naming).update(search="")
    anew = LogExport.objects.filter(state=State.WRITING)
    begun = anew.update(state=State.WAITING, runner="", done=0)
    ready = LogExport.objects.filter(state=State.READY).update(expires_at=now)
    transaction.on_commit(lambda: download.forget(now=now))
    return begun + ready + len(naming)
