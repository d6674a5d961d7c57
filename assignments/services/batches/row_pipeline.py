"""The one way in which assignment rows change: lock, decide, write, record, follow up.

Every transaction locks in the same order, so that two never wait for each other in a circle: the
account, then batches, then their rows, each by ascending id, and the head of the log last.
PostgreSQL would abort one of two transactions that do; SQLite has one writer at a time anyway.

What starts calls is recorded before its rows are written, because they store the number of its
entry: they are locked by then, so that writing them waits for nobody.

Accounts and batches are locked with `no_key`. A foreign key to them is checked when its transaction
commits, after it has locked the head of the log, and must not wait for such a lock.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Final

from assignments.audit.entries.actors import Actor
from assignments.audit.log import record_all
from assignments.models import (
    Account,
    Assignment,
    Attempt,
    Batch,
    Content,
    Learner,
    RemoteAssignment,
)
from assignments.models.sql.bulk import insert, update
from assignments.services.batches import auto_pause, completion
from assignments.services.batches.auto_pause import BatchPause
from assignments.services.batches.group_entries import entries_of
from assignments.services.batches.row_changes import GroupStep, RowChange
from assignments.services.calls.connections import pause_account
from assignments.stackone.errors import AccountUnusable

# What a change may give a new value; the order keeps the texts of the statements few.
COLUMNS: Final = (
    "state",
    "attempt",
    "started_in",
    "sender",
    "send_at",
    "sent_at",
    "unknown_at",
    "is_contradictory",
    "refusals",
    "read_back_at",
    "read_backs",
    "resends",
    "remote_id",
    "response_status",
    "problem",
    "problem_field",
    "settled_at",
)
ATTEMPT: Final = (
    "assignment_id",
    "number",
    "started_at",
    "finished_at",
    "outcome",
    "response_status",
    "problem",
)
REMOTE: Final = (
    "account_id",
    "remote_id",
    "learner_id",
    "content_id",
    "learner_remote_id",
    "content_remote_id",
    "content_reference",
    "status",
    "due_at",
    "assigned_at",
    "first_seen_at",
)
# Of the learner only what sending and the log need is read.
LEARNER: Final = tuple(
    f"learner__{name}" for name in ("name", "email", "external_reference", "is_active")
)


@dataclass(frozen=True, slots=True)
class AccountRefusal:
    """An account to pause because StackOne refuses its calls.

    :ivar error: the last refusal
    :ivar learner: whom that call was about
    :ivar in_a_row: how many calls StackOne has refused since it accepted one
    """

    account: Account
    error: AccountUnusable
    learner: Learner
    in_a_row: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What one transaction does to rows and, afterwards, to their batches and account.

    :param watched: ids of the batches whose share of failures may have changed
    :param closable: ids of the batches that may be complete now
    :param refusal: the account to pause, if StackOne refused it
    """

    changes: Sequence[RowChange]
    pauses: Sequence[BatchPause] = ()
    watched: Collection[int] = ()
    closable: Collection[int] = ()
    refusal: AccountRefusal | None = None


def lock_batches(pks: Iterable[int], refusal: AccountRefusal | None = None) -> None:
    """Lock the account that is to be paused, if there is one, and then the batches."""
    if refusal is not None:
        Account.objects.select_for_update(no_key=True).get(pk=refusal.account.pk)
    batches = Batch.objects.filter(pk__in=set(pks)).order_by("pk")
    list(batches.select_for_update(no_key=True).values_list("pk"))


def lock_rows(
    pks: Iterable[int],
    *,
    batches: Iterable[int] = (),
    refusal: AccountRefusal | None = None,
    **conditions: object,
) -> list[Assignment]:
    """Lock and return the rows that still meet the conditions, by ascending id.

    Each comes with its learner, content and batch; contents and batches are read once each.

    :param batches: ids of their batches, to lock before them; none if the caller has locked them
    :param refusal: the account to lock before everything, because it is to be paused
    """
    lock_batches(batches, refusal)
    matching = Assignment.objects.filter(pk__in_list=list(pks), **conditions)
    matching = matching.select_related("learner").only(
        *(field.name for field in Assignment._meta.fields), *LEARNER
    )
    rows = list(matching.select_for_update(of=("self",)).order_by("pk"))
    loaded = Batch.objects.select_related("by", "account").in_bulk({row.batch_id for row in rows})
    contents = Content.objects.in_bulk({row.content_id for row in rows})
    for row in rows:
        row.batch, row.content = loaded[row.batch_id], contents[row.content_id]
    return rows


def carry_out(decision: Decision, *, now: datetime, by: Actor | None = None) -> None:
    """Write and record the changes of locked rows, then update their batches and account.

    :param by: who is named in the log; by default the person who submitted each row's batch
    """
    starts = [change for change in decision.changes if _starts_call(change)]
    _write([change for change in decision.changes if not _starts_call(change)], now)
    numbers = _record(decision.changes, by, now)
    _write([_started_in(numbers[change.row.pk], change) for change in starts], now)
    auto_pause.watch(decision.watched, now=now)
    for pause in decision.pauses:
        auto_pause.pause_automatically(pause, now=now)
    completion.close_batches(decision.closable, now=now)
    if decision.refusal is not None:
        refusal = decision.refusal
        pause_account(
            account=refusal.account,
            error=refusal.error,
            now=now,
            learner=refusal.learner,
            in_a_row=refusal.in_a_row,
        )


def _write(changes: Sequence[RowChange], now: datetime) -> None:
    """Write rows, ended attempts and our copy of what the LMS holds, a statement for each.

    The copy need not wait for a sync to hold what the LMS confirmed.
    """
    if not changes:
        return
    names: set[str] = set()
    for change in changes:
        vars(change.row).update(change.values)
        names.update(change.values)
    rows = [change.row for change in changes]
    # Sent once, a value that all rows share halves the time: 7 µs a row instead of 14 on SQLite.
    values = {name: {getattr(row, name) for row in rows} for name in COLUMNS if name in names}
    varying = [name for name in values if len(values[name]) > 1]
    shared = [(name, *values[name]) for name in values if len(values[name]) == 1]
    own = attrgetter(*varying, "pk") if varying else lambda row: (row.pk,)
    attempts = [_attempt(change) for change in changes if change.ended_at is not None]
    created = [row for row in rows if row.state == Assignment.State.CREATED and row.remote_id]
    # A sync inserts in this order too, so that neither waits for the other in a circle.
    remotes = [_remote(row, now) for row in sorted(created, key=attrgetter("remote_id"))]
    update(Assignment, varying, map(own, rows), shared=shared)
    insert(Attempt, ATTEMPT, attempts)
    insert(RemoteAssignment, REMOTE, remotes, ignore_conflicts=True)


def _attempt(change: RowChange) -> tuple[object, ...]:
    row = change.row
    times = (row.sent_at or change.ended_at, change.ended_at)
    return (row.pk, row.attempt, *times, str(row.state), row.response_status, row.problem)


def _remote(row: Assignment, now: datetime) -> tuple[object, ...]:
    return (
        row.batch.account_id,
        row.remote_id,
        row.learner_id,
        row.content_id,
        row.learner_remote_id,
        row.content_remote_id,
        row.content_reference,
        row.batch.status,
        row.due_at,
        row.sent_at,
        now,
    )


def _starts_call(change: RowChange) -> bool:
    return isinstance(change.event, GroupStep) and bool(change.event.digest)


def _started_in(number: int, change: RowChange) -> RowChange:
    return replace(change, values={**change.values, "started_in": number})


def _record(changes: Sequence[RowChange], by: Actor | None, now: datetime) -> dict[int, int]:
    """Record the changes, and return the number of the entry about each row by the row's id."""
    numbers: dict[int, int] = {}
    ordered = sorted(changes, key=lambda change: change.row.batch_id)
    for _, group in groupby(ordered, key=lambda change: change.row.batch_id):
        of_batch = list(group)
        person = by or completion.person_of(of_batch[0].row.batch)
        entries = entries_of(of_batch)
        seqs = record_all([event for event, _ in entries], by=person, at=now)
        for seq, (_, same) in zip(seqs, entries, strict=True):
            numbers |= {change.row.pk: seq for change in same}
    return numbers
