"""One measured process: `python -m bench.child deliver` prints its measurements as JSON."""

import statistics
import time
from datetime import UTC, datetime
from itertools import batched
from typing import Any

from bench import directory_child, facets_child
from bench.client_child import directory
from bench.part import run_part
from bench.process_tree import measure

LONGEST_RUN_SECONDS = 600.0


def freeze(people: str, items: str) -> dict[str, float]:
    """Freeze a draft twice, then check rows against the plan as a sender does."""
    from assignments.models import Assignment, Batch, Learner
    from assignments.services.batches import plan_integrity
    from assignments.services.planning import frozen_plan
    from bench.demo_draft import filled_draft

    draft, now = filled_draft(Learner.objects.all(), int(people), int(items))
    durations = []
    for _ in range(2):
        began = time.perf_counter()
        batch = frozen_plan.freeze(draft=draft, now=now)
        durations.append(time.perf_counter() - began)
    batch = Batch.objects.select_related("account").get(pk=batch.pk)
    batch.number = 1
    _log_plan(batch)
    rows = list(batch.assignments.filter(state=Assignment.State.PLANNED).order_by("pk")[:5_000])
    for row in rows:
        row.batch = batch
    plan_integrity.check_rows(rows[:1])
    checks = []
    for _ in range(7):
        began = time.process_time()
        for group in batched(rows, 100):
            assert len(plan_integrity.check_rows(group).unchanged) == len(group)
        checks.append((time.process_time() - began) / len(rows))
    return {
        "rows": batch.rows,
        "first": durations[0],
        "again": durations[1],
        "check_us": 1e6 * statistics.median(checks),
    }


def _log_plan(batch: Any) -> None:
    from django.db import transaction
    from django.utils import timezone

    from assignments.audit.entries.actors import SYSTEM
    from assignments.audit.log import Event, record

    detail = {"plan_digest": batch.plan_digest}
    event = Event(action="batch.submitted", subject=batch.ref, detail=detail)
    with transaction.atomic():
        record(event, by=SYSTEM, at=timezone.now())


def plan(people: str, first: str, items: str) -> dict[str, float]:
    """Create and start a batch for `people` people and `items` items, from item number `first`."""
    from assignments.audit.entries.actors import Actor
    from assignments.models import Learner
    from assignments.services.batches import control
    from assignments.services.picking import drafts
    from assignments.services.planning import frozen_plan
    from assignments.services.submitting import submission
    from bench.demo_draft import filled_draft

    learners = Learner.objects.filter(is_active=True)
    draft, now = filled_draft(learners, int(people), int(items), first_item=int(first))
    drafts.set_assigns_again(draft=draft, assigns_again=True, now=now)
    by = Actor(ref=f"user/{draft.owner_id}", name="Priya Mehta", means="command")
    draft.refresh_from_db()
    batch = frozen_plan.freeze(draft=draft, now=now)
    submission.submit(
        draft=draft,
        plan_digest=batch.plan_digest,
        reason="",
        confirms_completed=True,
        by=by,
        now=now,
    )
    batch.refresh_from_db()
    control.start_now(batch=batch, by=by, now=now)
    return {"batch": batch.number or 0, "rows": batch.assignments.count()}


def deliver(seconds: str = "inf") -> dict[str, float]:
    """Send the waiting rows of the account, for `seconds` at most."""
    from django.utils import timezone

    from assignments.models import Assignment
    from assignments.services.calls import call_process, connections
    from assignments.services.sending import sender

    # A worker does this when it starts, long before a batch.
    call_process.start_forkserver()
    time.sleep(1.5)
    account = connections.configured_accounts()[0]
    created = Assignment.objects.filter(batch__account=account, state="created")
    before, ends = created.count(), time.monotonic() + float(seconds)
    return measure(
        lambda: sender.deliver(
            account=account, clock=timezone.now, may_go_on=lambda: time.monotonic() < ends
        ),
        lambda: created.count() - before,
    )


def deliver_unlogged() -> dict[str, float]:
    """Send the waiting rows without audit entries, to measure what these cost."""
    from assignments.services.batches import row_pipeline

    vars(row_pipeline)["_record"] = lambda *_: None
    return deliver()


def unrecorded(calls: str, slots: str, base_url: str) -> dict[str, float]:
    """Make the same calls in the same call process, without database and log."""
    from assignments.services.calls.call_process import CallProcess
    from assignments.stackone.commands import CreateAssignment
    from assignments.stackone.resources import NewAssignment

    people, item = directory(base_url)
    new = NewAssignment(item, "", None, "pending", None, None)
    call_process: CallProcess[str, object] = CallProcess(
        command_for=lambda user_id: CreateAssignment(user_id, new),
        client_options={"base_url": base_url, "api_key": "sandbox", "account_id": "sandbox"},
        concurrency=int(slots),
        clock=lambda: datetime.now(UTC),
    )
    call_process.extend_lease(LONGEST_RUN_SECONDS)
    ended: list[object] = []

    def work() -> None:
        now = time.monotonic()
        call_process.start([(people[n % len(people)], now) for n in range(int(calls))])
        while call_process.in_flight:
            ended.extend(call_process.wait_for_ended(seconds=0.05))
        call_process.close()

    return measure(work, lambda: len(ended))


def append(count: str, group: str) -> dict[str, float]:
    """Append `count` entries to the audit log, `group` in each transaction."""
    from django.db import transaction
    from django.utils import timezone

    from assignments.audit.entries.actors import SYSTEM, Person
    from assignments.audit.log import Event, record_all

    def event(number: int) -> Event:
        email = f"person.{number}@example.com"
        learner = Person(ref=f"learner/{number}", name=f"Person {number}", email=email)
        return Event(
            action="assignment.created",
            subject=f"assignment/{number}",
            result="created",
            batch="batch/1",
            people=(learner,),
            detail={"attempt": 1, "remote_id": f"a-{number}", "response": {"status": 201}},
        )

    def work() -> None:
        for numbers in batched(range(int(count)), int(group)):
            with transaction.atomic():
                record_all([event(number) for number in numbers], by=SYSTEM, at=timezone.now())

    return measure(work, lambda: int(count))


def verify() -> dict[str, float]:
    """Verify the whole log."""
    from assignments.audit.integrity.verdicts import BROKEN_WORDS
    from assignments.audit.verification.whole_log import verdict_on_log

    sizes: list[int] = []

    def work() -> None:
        verdict = verdict_on_log(sizes.append)
        if verdict.word in BROKEN_WORDS:
            raise RuntimeError(verdict.sentence)

    return measure(work, lambda: sizes[-1])


def read(most: str) -> dict[str, float]:
    """Read the same columns of the first entries without verifying them."""
    from assignments.audit.integrity.reader import chunks

    sizes: list[int] = []
    return measure(
        lambda: sizes.extend(len(rows) for rows in chunks(0, int(most))), lambda: sum(sizes)
    )


if __name__ == "__main__":
    run_part(
        {
            "plan": plan,
            "freeze": freeze,
            "deliver": deliver,
            "deliver_unlogged": deliver_unlogged,
            "unrecorded": unrecorded,
            "append": append,
            "fetch": directory_child.fetch,
            "query": directory_child.query,
            "search": directory_child.search,
            "select": directory_child.select,
            "sync": directory_child.sync,
            "update_or_create": directory_child.update_or_create,
            "page_cost": directory_child.page_cost,
            "facets": facets_child.facets,
            "verify": verify,
            "read": read,
        }
    )
