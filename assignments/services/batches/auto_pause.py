"""Auto-pause: send a few rows of a batch first, and pause a batch that fails too often."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db.models import QuerySet

from assignments.audit.log import Event, record
from assignments.models import Assignment, Batch
from assignments.services.batches import completion
from assignments.services.batches.failure_thresholds import Alarm, Limits, alarm

State = Assignment.State
OUTCOMES: Final = (State.CREATED, State.REJECTED)
LEFT_TO_SEND: Final = (State.PLANNED, State.QUEUED)
PROBLEMS_LISTED: Final = 3
LONGEST_PROBLEM: Final = 90


@dataclass(frozen=True, slots=True)
class BatchPause:
    """A batch that a rule pauses: the sentence that people read, and more for the log entry."""

    batch: Batch
    reason: str
    detail: Mapping[str, object] = field(default_factory=dict)


def sendable_rows(batch: Batch) -> int | None:
    """Return how many more rows of the batch may be claimed now; None means any number.

    Until a row was created only the canary rows may be in progress. A batch with no row in
    progress may always send one, so that it cannot get stuck.
    """
    if not _has_canary(batch):
        return None
    sent = batch.assignments.filter(state__in=(*OUTCOMES, *Assignment.SENT_WITHOUT_RECORD))
    if batch.failures_counted_from is not None:
        sent = sent.filter(sent_at__gt=batch.failures_counted_from)
    # In the order of the index: created rows come first.
    rows = sent.order_by("state").values_list("state", "read_back_at")[: 2 * settings.CANARY_ROWS]
    in_progress = [
        state
        for state, read_back_at in rows
        if state == State.SENDING or (state == State.UNKNOWN and read_back_at is not None)
    ]
    rejected = [state for state, _ in rows if state == State.REJECTED]
    if len(in_progress) + len(rejected) < len(rows):
        return None
    return max(settings.CANARY_ROWS - len(rows), 0 if in_progress else 1)


def watch(pks: Iterable[int], *, now: datetime) -> None:
    """Note which running batches have passed their canary, and pause those that fail too often.

    Call it in the transaction that wrote their outcomes.
    """
    running = Batch.objects.filter(pk__in=list(pks), state=Batch.State.RUNNING)
    for batch in running.select_related("by", "account").order_by("pk"):
        _watch(batch, now)


def pause_automatically(pause: BatchPause, *, now: datetime) -> None:
    """Pause a batch unless it is no longer running, and record why."""
    batch = pause.batch
    running = Batch.objects.filter(pk=batch.pk, state=Batch.State.RUNNING)
    if not running.update(state=Batch.State.PAUSED, pause_reason=pause.reason):
        return
    event = Event(
        action="batch.paused",
        subject=batch.ref,
        batch=batch.ref,
        cause=batch.ref,
        account=batch.account.remote_id,
        result=str(Batch.State.PAUSED),
        detail={"reason": pause.reason, **pause.detail},
    )
    record(event, by=completion.person_of(batch), at=now)


def _watch(batch: Batch, now: datetime) -> None:
    limits = _limits()
    newest = list(_outcomes(batch).values_list("state", "problem")[: limits.outcomes])
    if not batch.has_passed_canary and any(state == State.CREATED for state, _ in newest):
        batch.has_passed_canary = True
        batch.save(update_fields=["has_passed_canary"])
    failures = [state == State.REJECTED for state, _ in newest]
    raised = alarm(failures, limits, has_passed_canary=not _has_canary(batch))
    if raised is not None and batch.assignments.filter(state__in=LEFT_TO_SEND).exists():
        judged = newest[: raised.outcomes]
        problems = [problem for state, problem in judged if state == State.REJECTED]
        pause_automatically(_failure_pause(batch, raised, problems), now=now)


def _failure_pause(batch: Batch, raised: Alarm, problems: Sequence[str]) -> BatchPause:
    counts = Counter(problems).most_common()
    reason = (
        f"Paused automatically after {raised}: {_most_common(counts)}. Fix the cause in the LMS, "
        "then resume the batch, or stop it."
    )
    detail = {
        "outcomes_seen": raised.outcomes,
        "failures": raised.failures,
        "failures_by_problem": dict(counts),
    }
    return BatchPause(batch, reason, detail)


def _most_common(counts: Sequence[tuple[str, int]]) -> str:
    listed = [f"“{_shortened(text)}” ({count:,})" for text, count in counts[:PROBLEMS_LISTED]]
    more = len(counts) - len(listed)
    if more:
        listed.append(f"and {more:,} other{'' if more == 1 else 's'}")
    return ", ".join(listed)


def _shortened(text: str) -> str:
    plain = text.rstrip(".")
    return plain if len(plain) <= LONGEST_PROBLEM else f"{plain[: LONGEST_PROBLEM - 1]}…"


def _outcomes(batch: Batch) -> QuerySet[Assignment]:
    since = batch.failures_counted_from or batch.started_at
    outcomes = batch.assignments.filter(state__in=OUTCOMES, settled_at__gt=since)
    return outcomes.order_by("-settled_at", "-pk")


def _has_canary(batch: Batch) -> bool:
    return not batch.has_passed_canary and batch.rows > 2 * settings.CANARY_ROWS


def _limits() -> Limits:
    return Limits(settings.CANARY_ROWS, settings.PAUSE_AFTER_FAILURES, settings.PAUSE_FAILURE_SHARE)
