"""Background tasks, and the jobs of the schedule that enqueue them.

Each task fetches its row by id and calls one service. Work is found in the tables, not in the
queue: a lost task loses nothing, because the schedule enqueues it again.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections
from django.tasks import task
from django.utils import timezone

from assignments import trace
from assignments.audit.entries.actors import SYSTEM
from assignments.audit.integrity import alarm
from assignments.audit.seals import sealing
from assignments.audit.verification import jobs, log_status
from assignments.audit.verification.log_status import actor_of
from assignments.database_errors import UNAVAILABLE_ERRORS, first_line
from assignments.models import Account, LogExport, PlanRefresh, SyncRun, Verification
from assignments.queries.log import last_request_id
from assignments.queries.work_due import accounts_with_work, next_due_at
from assignments.services.batches import withdrawal
from assignments.services.calls import connections
from assignments.services.emails import outbox
from assignments.services.exporting import download, job
from assignments.services.picking import drafts
from assignments.services.picking.uploads import files
from assignments.services.sending import sender, worker_share
from assignments.services.submitting import approval
from assignments.services.syncing import plan_refresh, run_record, sync_request, sync_run
from assignments.siem import forwarding

stopping = threading.Event()
log = logging.getLogger("assignments.worker")


def may_go_on() -> bool:
    """Return whether the worker may start more work: it was not told to stop."""
    return not stopping.is_set()


@task(queue_name="delivery")
def deliver(account_pk: int) -> None:
    """Send one account's due rows; the schedule enqueues it again when more become due."""
    with (
        _survive_lost_database("The delivery"),
        worker_share.delivery(now=timezone.now(), may_go_on=may_go_on),
    ):
        sender.deliver(
            account=Account.objects.get(pk=account_pk),
            clock=timezone.now,
            may_go_on=may_go_on,
        )


@task()
def sync(run_pk: int) -> None:
    """Run or continue an open sync; the schedule retries one that fails."""
    with (
        _survive_lost_database("The sync"),
        trace.bind_request_id(last_request_id(f"sync/{run_pk}")),
    ):
        run = SyncRun.objects.select_related("account").get(pk=run_pk)
        try:
            sync_run.run_sync(
                run=run, by=SYSTEM, clock=timezone.now, may_go_on=may_go_on, progress=lambda _: None
            )
        except run_record.SyncRefused as refusal:
            log.warning("Sync %s: %s", run_pk, refusal)


@task()
def refresh_plan(draft_pk: str) -> None:
    """Read again which items the people of a draft's plan have, and freeze the plan again."""
    with (
        _survive_lost_database("The refresh of a plan"),
        trace.bind_request_id(last_request_id(f"draft/{draft_pk}")),
    ):
        refresh = PlanRefresh.objects.select_related("draft__account").get(pk=UUID(draft_pk))
        plan_refresh.run_refresh(refresh=refresh, clock=timezone.now, may_go_on=may_go_on)


@task()
def verify_log(run_pk: int, request_id: str = "") -> None:
    """Run a verification of the log that was requested; its row shows the progress."""
    with _survive_lost_database("The check of the log"), trace.bind_request_id(request_id):
        run = Verification.objects.get(pk=run_pk)
        jobs.run_verification(run, by=actor_of(run.by), clock=timezone.now)


@task(queue_name="exports")
def write_export(pk: int) -> None:
    """Write an export of the log; it starts from the beginning if a worker died."""
    with (
        _survive_lost_database("The export"),
        trace.bind_request_id(last_request_id(f"export/{pk}")),
    ):
        export = LogExport.objects.get(pk=pk)
        job.write_export(export=export, clock=timezone.now, may_go_on=may_go_on)


@task()
def seal_log() -> None:
    """Seal the log if a seal is due."""
    with _survive_lost_database("The seal"):
        now = timezone.now()
        if sealing.is_due(now=now):
            try:
                sealing.make_seal(reason="schedule", by=SYSTEM, now=now)
            except sealing.NotSealed as refusal:
                alarm.logger.error("The log was not sealed: %s", refusal)


@task(queue_name="siem")
def forward_log() -> None:
    """Forward new entries of the log to the SIEM; the schedule enqueues it again for more."""
    with _survive_lost_database("The forwarding of the log"):
        forwarding.forward(clock=timezone.now, may_go_on=may_go_on)


@task()
def send_emails() -> None:
    """Send the e-mails that are due."""
    with _survive_lost_database("Sending e-mails"):
        outbox.send_due_emails(now=timezone.now())


def enqueue_log_checks() -> None:
    """Enqueue a seal that is due, and the nightly verification of the whole log."""
    now = timezone.now()
    if sealing.is_due(now=now):
        seal_log.enqueue()
    if log_status.is_check_overdue(log_status.last_verification(now=now), now=now):
        alarm.logger.error("The nightly verification of the audit log is overdue.")
    run = jobs.begin_nightly_verification(by=SYSTEM, now=now)
    if run is not None:
        verify_log.enqueue(run.pk)


def enqueue_forwarding() -> None:
    """Enqueue forwarding to the SIEM if there are new entries."""
    if forwarding.is_due(now=timezone.now()):
        forward_log.enqueue()


def enqueue_deliveries() -> datetime | None:
    """Enqueue a delivery for every account that has due rows and no sender.

    Returns when more becomes due.
    """
    now = timezone.now()
    for account in accounts_with_work(now=now):
        deliver.enqueue(account.pk)
    return next_due_at(now=now)


def finish_withdrawals() -> None:
    """Continue withdrawing the unsent rows of batches that were stopped or undone."""
    withdrawal.finish(now=timezone.now())


def expire_approvals() -> None:
    """Expire the batches that nobody approved in time."""
    approval.expire_due(now=timezone.now())


def enqueue_emails() -> None:
    """Enqueue sending e-mails if any are due."""
    if outbox.has_due_emails(now=timezone.now()):
        send_emails.enqueue()


def delete_expired_uploads() -> None:
    """Delete uploaded files that have expired."""
    files.delete_expired(now=timezone.now())


def enqueue_syncs() -> datetime | None:
    """Open and enqueue the syncs that are due or were abandoned.

    Returns when one that waits is tried again.
    """
    now = timezone.now()
    for account in connections.configured_accounts():
        every = timedelta(minutes=settings.SYNC_MINUTES)
        if not sync_request.is_sync_due(account, every=every, now=now):
            continue
        run = sync_request.request_due_sync(account=account, every=every, by=SYSTEM, now=now)
        if run is not None:
            sync.enqueue(run.pk)
    return sync_request.next_retry_at(now=now)


def enqueue_refreshes() -> None:
    """Enqueue the plan refreshes that no worker runs."""
    for refresh in plan_refresh.pending_refreshes(now=timezone.now()):
        refresh_plan.enqueue(str(refresh.pk))


def enqueue_exports() -> None:
    """Enqueue the exports of the log that no worker writes."""
    for pk in job.select_exports_to_wake(now=timezone.now()):
        write_export.enqueue(pk)


def delete_expired_exports() -> None:
    """Delete the files of exports that have expired."""
    download.expire_exports(now=timezone.now())


def delete_discarded_drafts() -> None:
    """Delete drafts some days after they were discarded."""
    drafts.delete_discarded(now=timezone.now())


@contextmanager
def _survive_lost_database(work: str) -> Iterator[None]:
    """Log a lost database instead of raising; the schedule enqueues the work again."""
    close_old_connections()
    try:
        yield
    except UNAVAILABLE_ERRORS as error:
        log.warning("%s lost the database and will be retried: %s", work, first_line(error))
    finally:
        close_old_connections()
