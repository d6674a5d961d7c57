"""Move times of rows that were stored by a clock which was set back since.

Otherwise a row would wait for a time that comes only when the clock is there again.
"""

import logging
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F, QuerySet

from assignments.models import Account, Assignment, Batch
from assignments.queries.work_due import CLOCK_TOLERANCE

ROW_TIMES: Final = ("send_at", "sent_at", "unknown_at", "read_back_at")
BATCH_TIMES: Final = ("started_at", "failures_counted_from")
UNENDED: Final = (Batch.State.RUNNING, Batch.State.PAUSED)
log = logging.getLogger("assignments.sending")


@transaction.atomic
def note(account: Account, *, now: datetime) -> None:
    """Store that a sender of the account works at this time.

    If one has worked at a later time, the clock was set back, and the account's times in the future
    are moved back as far. A little more than that may have been the difference; waiting rows are
    sent or read back a little later then.
    """
    stored = Account.objects.select_for_update(no_key=True).only("clock_at").get(pk=account.pk)
    set_back_by = stored.clock_at - now if stored.clock_at else timedelta()
    if set_back_by > CLOCK_TOLERANCE:
        log.warning("The clock was set back by %s; times of waiting rows follow it", set_back_by)
        batches = Batch.objects.filter(account=account, state__in=UNENDED)
        _move_back(batches, BATCH_TIMES, set_back_by, now)
        rows = Assignment.objects.filter(batch__account=account, state__in=Assignment.UNSETTLED)
        _move_back(rows, ROW_TIMES, set_back_by, now)
    Account.objects.filter(pk=account.pk).update(clock_at=now)


# Rows of either model.
def _move_back(rows: "QuerySet[Any]", names: tuple[str, ...], by: timedelta, now: datetime) -> None:
    for name in names:
        rows.filter(**{f"{name}__gt": now}).update(**{name: F(name) - by})
