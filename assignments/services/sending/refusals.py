"""Whose refusal it is when StackOne refuses a call: that of its row, or of the key or the account.

* A refusal with `provider_errors` is its row's: StackOne has passed the call on to the LMS, so the
  key and the account are valid.
* A 401, 403, 412, 501, or 404 about the account, without them (`AccountUnusable`) is its row's too
  if StackOne passed on another call of the same group, or a create within the last minute.
* Otherwise, and in any case after REFUSALS_IN_A_ROW of them, every call might be refused: the
  account is paused and the rows wait.
* A row that has waited so and is refused again, after a person resumed the account, is rejected,
  or no longer looked up. It does not pause the account again by itself.

So no row is posted more than twice for this reason, and a refused key costs fewer than
REFUSALS_IN_A_ROW rows, which can be sent again. Until StackOne passes a create on again, a sender
makes one call at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final, Protocol

from django.db.models import F

from assignments.models import Account, Assignment
from assignments.services.batches.row_pipeline import AccountRefusal
from assignments.services.calls.call_process import EndedCall
from assignments.services.calls.connections import REFUSALS_IN_A_ROW
from assignments.stackone.commands import UserAssignments
from assignments.stackone.errors import AccountUnusable, Refused, StackOneError
from assignments.stackone.resources import CreatedAssignment

LATELY: Final = timedelta(minutes=1)
# How exactly the time of the last create that was passed on is stored.
STORED_EVERY: Final = timedelta(seconds=10)


class RowJob(Protocol):
    """A call about one row, by the id of that row."""

    @property
    def pk(self) -> int:
        """The id of the row."""
        ...


@dataclass(frozen=True, slots=True)
class Judgement[Job: RowJob, Result]:
    """Ended calls whose refusals are attributed.

    :ivar calls: the calls; a refusal that is its row's is a `Refused`
    :ivar account_refusal: the account to pause, if there is reason to
    :ivar has_passed_on: whether StackOne passed one of the calls on
    :ivar refused: how many calls StackOne has refused since it passed one of these on
    """

    calls: Sequence[EndedCall[Job, Result]]
    account_refusal: AccountRefusal | None = None
    has_passed_on: bool = False
    refused: int = 0


class UndecidedCalls[Job: RowJob, Result]:
    """Refused calls of a sender, until the calls in flight show what the refusals mean."""

    def __init__(self) -> None:
        self._calls: list[EndedCall[Job, Result]] = []

    def __bool__(self) -> bool:
        return bool(self._calls)

    def decidable(
        self, ended: Sequence[EndedCall[Job, Result]], *, in_flight: int
    ) -> list[EndedCall[Job, Result]]:
        """Return the ended calls that can be judged now, earlier ones among them."""
        calls = [*self._calls, *ended]
        if not in_flight or any(map(_is_passed_on, calls)):
            self._calls = []
            return calls
        self._calls = [call for call in calls if _is_refused(call)]
        return [call for call in calls if not _is_refused(call)]


def judge[Job: RowJob, Result](
    account: Account, calls: Sequence[EndedCall[Job, Result]], *, now: datetime
) -> Judgement[Job, Result]:
    """Attribute the refusals among calls that ended, in the order in which they did."""
    has_passed_on = any(map(_is_passed_on, calls))
    calls = [_attributed(call) if _is_passed_on(call) else call for call in calls]
    errors = {
        call.job.pk: call.result for call in calls if isinstance(call.result, AccountUnusable)
    }
    if not errors:
        return Judgement(calls, has_passed_on=has_passed_on)
    stored = Account.objects.only("passed_on_at", "refusals").get(pk=account.pk)
    latest = takewhile(lambda call: not _is_passed_on(call), reversed(calls))
    refused_since = sum(map(_is_refused, latest))
    in_a_row = refused_since + (0 if has_passed_on else stored.refusals)
    is_lately = has_passed_on or _is_within(LATELY, stored.passed_on_at, now)
    rows = Assignment.objects.select_related("learner").in_bulk(errors)
    has_new = any(not row.refusals for row in rows.values())
    is_row_refused = in_a_row < REFUSALS_IN_A_ROW and (is_lately or not has_new)
    waiting = set() if is_row_refused else {pk for pk, row in rows.items() if not row.refusals}
    attributed = [call if call.job.pk in waiting else _attributed(call) for call in calls]
    if is_row_refused:
        return Judgement(attributed, None, has_passed_on, refused_since)
    pk, error = errors.popitem()
    refusal = AccountRefusal(account, error, rows[pk].learner, in_a_row)
    return Judgement(attributed, refusal, has_passed_on, refused_since)


def count_creates[Job: RowJob, Result](
    account: Account, judgement: Judgement[Job, Result], *, now: datetime
) -> None:
    """Store with the account that creates were passed on or refused; call it first of all writes.

    :param account: as it was read last; written to only if that is out of date
    """
    if not judgement.has_passed_on:
        count_read_backs(account, judgement)
    elif (
        judgement.refused
        or account.refusals
        or not _is_within(STORED_EVERY, account.passed_on_at, now)
    ):
        account.passed_on_at, account.refusals = now, judgement.refused
        account.save(update_fields=["passed_on_at", "refusals"])


def count_read_backs[Job: RowJob, Result](
    account: Account, judgement: Judgement[Job, Result]
) -> None:
    """Store with the account that read-backs were refused; call it first of all writes."""
    if judgement.refused:
        account.refusals += judgement.refused
        stored = Account.objects.filter(pk=account.pk)
        stored.update(refusals=F("refusals") + judgement.refused)


def counted(row: Assignment, error: StackOneError) -> dict[str, object]:
    """Return the new value of a row that waits because the account may have been refused."""
    return {"refusals": row.refusals + 1} if isinstance(error, AccountUnusable) else {}


def _is_refused[Job: RowJob, Result](call: EndedCall[Job, Result]) -> bool:
    return isinstance(call.result, AccountUnusable) and not call.result.is_from_provider


def _is_passed_on[Job: RowJob, Result](call: EndedCall[Job, Result]) -> bool:
    if isinstance(call.result, StackOneError):
        return call.result.is_from_provider
    return isinstance(call.result, CreatedAssignment | UserAssignments)


def _attributed[Job: RowJob, Result](call: EndedCall[Job, Result]) -> EndedCall[Job, Result]:
    error = call.result
    if not isinstance(error, AccountUnusable):
        return call
    refused = Refused(
        error.message,
        status=error.status,
        field=error.field,
        is_from_provider=error.is_from_provider,
        response=error.response,
    )
    return replace(call, result=refused)


def _is_within(span: timedelta, at: datetime | None, now: datetime) -> bool:
    # A time in the future is one from before the clock was set back.
    return at is not None and abs(now - at) <= span
