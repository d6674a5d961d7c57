"""Watching a running batch: a few rows go first, and a run that fails too often pauses itself."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
REASONS_SAID: Final = 3
LONGEST_REASON: Final = 90


def allowance(batch: Batch) -> int | None:
    """Return how many more rows of the batch may be claimed now; None means any number.

    Until something was created only the canary may be out. A batch that has nothing out may
    always send one row, so that it never stands still.
    """
    if not _has_canary(batch):
        return None
    tried = batch.assignments.filter(state__in=(*OUTCOMES, State.SENDING, State.UNKNOWN))
    if batch.failures_counted_from is not None:
        tried = tried.filter(sent_at__gt=batch.failures_counted_from)
    # In the order of the index: what was created comes first.
    found = tried.order_by("state").values_list("state", "read_back_at")[: 2 * settings.CANARY_ROWS]
    out = [
        state for state, read_back_at in found if state == State.SENDING or read_back_at is not None
    ]
    failed = [state for state, _ in found if state == State.REJECTED]
    if len(out) + len(failed) < len(found):
        return None
    return max(settings.CANARY_ROWS - len(found), 0 if out else 1)


def watch(pks: Iterable[int], *, now: datetime) -> None:
    """Note which of the running batches have proven themselves, and pause those that fail.

    Called in the transaction that wrote their outcomes.
    """
    running = Batch.objects.filter(pk__in=list(pks), state=Batch.State.RUNNING)
    for batch in running.select_related("by", "account").order_by("pk"):
        _watch(batch, now)


def _watch(batch: Batch, now: datetime) -> None:
    limits = _limits()
    newest = list(_outcomes(batch).values_list("state", "problem")[: limits.outcomes])
    if not batch.has_passed_canary and any(state == State.CREATED for state, _ in newest):
        batch.has_passed_canary = True
        batch.save(update_fields=["has_passed_canary"])
    failures = [state == State.REJECTED for state, _ in newest]
    found = alarm(failures, limits, has_passed_canary=not _has_canary(batch))
    if found is not None and batch.assignments.filter(state__in=LEFT_TO_SEND).exists():
        problems = [text for state, text in newest[: found.outcomes] if state == State.REJECTED]
        _pause(batch, found, problems, now)


def _pause(batch: Batch, found: Alarm, problems: Sequence[str], now: datetime) -> None:
    reasons = Counter(problems).most_common()
    because = (
        f"Paused itself after {found}: {_said(reasons)}. Mend the cause in the LMS, then resume "
        "it, or stop it."
    )
    detail = {
        "outcomes_seen": found.outcomes,
        "failures": found.failures,
        "failures_by_problem": dict(reasons),
    }
    pause_itself(batch, because, detail, now)


def pause_itself(batch: Batch, because: str, detail: Mapping[str, object], now: datetime) -> None:
    """Pause a batch that still runs, for everybody to see why."""
    changed = Batch.objects.filter(pk=batch.pk, state=Batch.State.RUNNING)
    if not changed.update(state=Batch.State.PAUSED, pause_reason=because):
        return
    ref = f"batch/{batch.pk}"
    event = Event(
        action="batch.paused",
        subject=ref,
        batch=ref,
        cause=ref,
        account=batch.account.remote_id,
        result=str(Batch.State.PAUSED),
        detail={"reason": because, **detail},
    )
    record(event, by=completion.person_of(batch), at=now)


def _said(reasons: Sequence[tuple[str, int]]) -> str:
    said = [f"“{_short(text)}” ({count:,})" for text, count in reasons[:REASONS_SAID]]
    more = len(reasons) - len(said)
    return ", ".join([*said, f"and {more:,} other{'' if more == 1 else 's'}"] if more else said)


def _short(text: str) -> str:
    plain = text.rstrip(".")
    return plain if len(plain) <= LONGEST_REASON else f"{plain[: LONGEST_REASON - 1]}…"


def _outcomes(batch: Batch) -> QuerySet[Assignment]:
    since = batch.failures_counted_from or batch.started_at
    outcomes = batch.assignments.filter(state__in=OUTCOMES, settled_at__gt=since)
    return outcomes.order_by("-settled_at", "-pk")


def _has_canary(batch: Batch) -> bool:
    return not batch.has_passed_canary and batch.rows > 2 * settings.CANARY_ROWS


def _limits() -> Limits:
    return Limits(settings.CANARY_ROWS, settings.PAUSE_AFTER_FAILURES, settings.PAUSE_FAILURE_SHARE)
