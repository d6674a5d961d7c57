"""One measured process: `python -m bench.child deliver` prints its measurements as JSON."""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import batched
from typing import Any

import django
import httpx

from bench import directory_child
from bench.process_tree import measure

LONGEST_RUN_SECONDS = 600.0
HEADERS = {"x-account-id": "sandbox", "User-Agent": "bench"}
AUTH = httpx.BasicAuth("sandbox", "")


def main(part: str, *words: str) -> None:
    """Run one part and print its measurements."""
    parts: Mapping[str, Callable[..., dict[str, float]]] = {
        "plan": plan,
        "freeze": freeze,
        "deliver": deliver,
        "deliver_unlogged": deliver_unlogged,
        "unrecorded": unrecorded,
        "httpx": shared_client,
        "aiohttp": aiohttp_client,
        "append": append,
        "fetch": directory_child.fetch,
        "query": directory_child.query,
        "search": directory_child.search,
        "select": directory_child.select,
        "sync": directory_child.sync,
        "update_or_create": directory_child.update_or_create,
        "page_cost": directory_child.page_cost,
        "verify": verify,
        "read": read,
    }
    print(json.dumps(parts[part](*words)))


def freeze(  # noqa: PLR0915  what a person would click, step by step
    people: str, items: str
) -> dict[str, float]:
    """Freeze a draft twice, then check rows against the plan as a sender does."""
    django.setup()
    from django.contrib.auth import get_user_model
    from django.utils import timezone

    from assignments.models import Assignment, Batch, Content, Learner
    from assignments.services.batches import plan_integrity
    from assignments.services.calls import connections
    from assignments.services.picking import drafts
    from assignments.services.planning import frozen_plan

    now, account = timezone.now(), connections.configured_accounts()[0]
    owner = get_user_model().objects.get(email="manager@example.com")
    draft = drafts.create(account=account, owner_pk=owner.pk, now=now)
    due = date.today() + timedelta(days=60)  # noqa: DTZ011  any day will do
    drafts.set_terms(draft=draft, due_date=due, status="pending", progress=None, now=now)
    content = Content.objects.filter(account=account, is_active=True).exclude(external_reference="")
    for item in content.order_by("pk")[: int(items)]:
        drafts.add_content(draft=draft, content_pk=item.pk, now=now)
    learners = Learner.objects.filter(account=account).order_by("pk")[: int(people)]
    drafts.pick_learners(draft=draft, learner_pks=learners.values_list("pk", flat=True), now=now)
    durations = []
    for _ in range(2):
        began = time.perf_counter()
        batch = frozen_plan.freeze(draft=draft, now=now)
        durations.append(time.perf_counter() - began)
    batch = Batch.objects.select_related("account").get(pk=batch.pk)
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
    event = Event(action="batch.submitted", subject=f"batch/{batch.pk}", detail=detail)
    with transaction.atomic():
        record(event, by=SYSTEM, at=timezone.now())


def plan(  # noqa: PLR0915  what a person would click, step by step
    people: str, first: str, items: str
) -> dict[str, float]:
    """Create and start a batch for `people` people and `items` items, from item number `first`."""
    django.setup()
    from django.contrib.auth import get_user_model
    from django.utils import timezone

    from assignments.audit.entries.actors import Actor
    from assignments.models import Content, Learner
    from assignments.services.batches import control
    from assignments.services.calls import connections
    from assignments.services.picking import drafts
    from assignments.services.planning import frozen_plan
    from assignments.services.submitting import submission

    now, account = timezone.now(), connections.configured_accounts()[0]
    owner = get_user_model().objects.get(email="manager@example.com")
    by = Actor(ref=f"user/{owner.pk}", name="Priya Mehta", means="command")
    draft = drafts.create(account=account, owner_pk=owner.pk, now=now)
    due = date.today() + timedelta(days=60)  # noqa: DTZ011  any day will do
    drafts.set_terms(draft=draft, due_date=due, status="pending", progress=None, now=now)
    drafts.set_assigns_again(draft=draft, assigns_again=True, now=now)
    content = Content.objects.filter(account=account, is_active=True).exclude(external_reference="")
    for item in content.order_by("pk")[int(first) : int(first) + int(items)]:
        drafts.add_content(draft=draft, content_pk=item.pk, now=now)
    learners = Learner.objects.filter(account=account, is_active=True).order_by("pk")
    pks = learners.values_list("pk", flat=True)[: int(people)]
    drafts.pick_learners(draft=draft, learner_pks=pks, now=now)
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
    return {"batch": batch.pk, "rows": batch.assignments.count()}


def deliver(seconds: str = "inf") -> dict[str, float]:
    """Send the waiting rows of the account, for `seconds` at most."""
    django.setup()
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
    django.setup()
    from assignments.services.batches import row_pipeline

    vars(row_pipeline)["_record"] = lambda *_: None
    return deliver()


def unrecorded(calls: str, slots: str, base_url: str) -> dict[str, float]:
    """Make the same calls in the same call process, without database and log."""
    django.setup()
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


def shared_client(calls: str, slots: str, base_url: str) -> dict[str, float]:
    """Make the calls with one httpx client with raised limits, the most common solution."""
    limits = httpx.Limits(max_connections=int(slots), max_keepalive_connections=int(slots))

    async def run(urls: Iterator[str], body: Mapping[str, object]) -> None:
        async with httpx.AsyncClient(
            auth=AUTH, headers=HEADERS, limits=limits, timeout=60
        ) as client:

            async def post(url: str) -> int:
                return (await client.post(url, json=body)).status_code

            await run_concurrently(int(slots), urls, post)

    return measure_client(run, int(calls), base_url)


def aiohttp_client(calls: str, slots: str, base_url: str) -> dict[str, float]:
    """Make the calls with aiohttp, the fastest of the maintained clients."""
    import aiohttp

    async def run(urls: Iterator[str], body: Mapping[str, object]) -> None:
        auth = aiohttp.BasicAuth("sandbox", "")
        connector = aiohttp.TCPConnector(limit=int(slots))
        async with aiohttp.ClientSession(
            auth=auth, headers=HEADERS, connector=connector
        ) as session:

            async def post(url: str) -> int:
                async with session.post(url, json=body) as response:
                    await response.read()
                    return response.status

            await run_concurrently(int(slots), urls, post)

    return measure_client(run, int(calls), base_url)


def append(count: str, group: str) -> dict[str, float]:
    """Append `count` entries to the audit log, `group` in each transaction."""
    django.setup()
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
    django.setup()
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
    django.setup()
    from assignments.audit.integrity.reader import chunks

    sizes: list[int] = []
    return measure(
        lambda: sizes.extend(len(rows) for rows in chunks(0, int(most))), lambda: sum(sizes)
    )


def directory(base_url: str) -> tuple[list[str], str]:
    """Return the ids of some people and the reference of an item."""
    with httpx.Client(auth=AUTH, headers=HEADERS, trust_env=False) as client:
        people = client.get(f"{base_url}/unified/lms/users?page_size=100").json()["data"]
        items = client.get(f"{base_url}/unified/lms/content?page_size=100").json()["data"]
    active = [item for item in items if item["active"]]
    return [person["id"] for person in people if person["active"]], active[0]["external_reference"]


def measure_client(
    run: Callable[[Iterator[str], Mapping[str, object]], Awaitable[None]], calls: int, base_url: str
) -> dict[str, float]:
    """Measure the calls of an alternative client."""
    people, item = directory(base_url)
    paths = (f"/unified/lms/users/{people[n % len(people)]}/assignments" for n in range(calls))
    body: dict[str, object] = {
        "learning_object_external_reference": item,
        "status": {"value": "pending"},
    }
    urls = iter([base_url + path for path in paths])
    return measure(lambda: asyncio.run(_as_coroutine(run(urls, body))), lambda: calls)


async def run_concurrently(
    slots: int, urls: Iterator[str], post: Callable[[str], Awaitable[int]]
) -> None:
    """POST to every URL, with `slots` calls in flight."""

    async def slot() -> None:
        for url in urls:
            status = await post(url)
            if status != httpx.codes.CREATED:
                raise RuntimeError(f"The sandbox responded {status}.")

    await asyncio.gather(*(slot() for _ in range(slots)))


async def _as_coroutine(run: Awaitable[None]) -> None:
    await run


if __name__ == "__main__":
    main(*sys.argv[1:])
