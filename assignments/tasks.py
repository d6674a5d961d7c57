"""What workers run: fetch by id, one service call. The rows are the truth; a task only wakes."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import close_old_connections
from django.db.utils import InterfaceError, OperationalError
from django.tasks import task
from django.utils import timezone

from assignments.audit.actors import SYSTEM
from assignments.models import Account, SyncRun
from assignments.queries.due import accounts_with_work
from assignments.services import connection, delivery, directory, withdrawing

stopping = threading.Event()
log = logging.getLogger(__name__)


def may_go_on() -> bool:
    """Return whether the worker has not been asked to stop."""
    return not stopping.is_set()


@task(queue_name="delivery")
def deliver(account_pk: int) -> None:
    """Deliver one account's due rows; the sweep wakes it again when others become due."""
    with _database_may_go("The delivery"):
        delivery.deliver(
            account=Account.objects.get(pk=account_pk),
            clock=timezone.now,
            may_go_on=may_go_on,
        )


@task()
def sync(run_pk: int) -> None:
    """Walk on with an open sync; one that cannot go on is tried again after a while."""
    with _database_may_go("The sync"):
        run = SyncRun.objects.select_related("account").get(pk=run_pk)
        try:
            directory.run_sync(
                run=run, by=SYSTEM, clock=timezone.now, may_go_on=may_go_on, progress=lambda _: None
            )
        except directory.SyncRefused as refusal:
            log.warning("Sync %s: %s", run_pk, refusal)


def wake_deliveries() -> None:
    """Enqueue a delivery for every account that has due rows and no sender."""
    for account in accounts_with_work(now=timezone.now()):
        deliver.enqueue(account.pk)


def finish_withdrawals() -> None:
    """Go on withdrawing what has not left of batches that were stopped or undone."""
    withdrawing.finish(now=timezone.now())


def wake_syncs() -> None:
    """Open and enqueue the syncs that are due or were abandoned."""
    now = timezone.now()
    for account in connection.accounts():
        every = timedelta(minutes=settings.SYNC_MINUTES)
        if directory.sync_is_due(account, every=every, now=now):
            run = directory.request_sync(account=account, by=SYSTEM, now=now)
            sync.enqueue(run.pk)


@contextmanager
def _database_may_go(what: str) -> Iterator[None]:
    """End calmly if the database goes away: the sweep starts the work again from its rows."""
    close_old_connections()
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        first_line = str(error).partition("\n")[0]
        log.warning("%s lost the database and starts again by itself: %s", what, first_line)
    finally:
        close_old_connections()
