"""What is reviewed is what goes over the wire, byte for byte, with every field of the contract."""

import asyncio
import csv
import html
import json
import pickle
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from assignments.audit.log import Event
from assignments.models import Account, Assignment, Batch, Draft, LogEntry
from assignments.services.batches import control
from assignments.services.batches.row_changes import change_of
from assignments.services.planning.passthrough import to_compact_json
from assignments.services.planning.request import json_body, new_assignment
from assignments.services.submitting import submission
from assignments.stackone.api import AsyncStackOne
from assignments.stackone.commands import CreateAssignment
from tests.factories import make_audience, make_batch
from tests.live import Desk
from tests.recorder import Recorder, serving

PASSTHROUGH = {"cohort": "Größe 7", "levels": [1, 2.5, None, True], "cost": {"centre": "4711"}}
SECRET = "tok-9f8e7d6c5b4a"
FORM = {
    "due_date": "2027-01-15",
    "status": "in_progress",
    "progress": "62,5",
    "assigned_at": "2026-11-02T09:30",
    "external_reference": "HR-2027/14",
    "source_status": "ENROLLED",
    "passthrough": json.dumps(PASSTHROUGH, indent=4),
}
# Columns of a file beside person, content and due date.
FILE_CELLS = {
    "progress": "62.5 %",
    "assigned_at": "2026-11-02 09:30",
    "external_reference": "HR-2027/14",
    "source_status": "ENROLLED",
    "passthrough": json.dumps(PASSTHROUGH),
}
OPTIONS = {
    "--due": "2027-01-15",
    "--status": "in_progress",
    "--progress": "62.5",
    "--assigned-at": "2026-11-02 09:30",
    "--external-reference": "HR-2027/14",
    "--source-status": "ENROLLED",
    "--passthrough": json.dumps(PASSTHROUGH),
}
VERSIONS = [
    pytest.param("2025-12", "assigned_at", id="December 2025"),
    pytest.param("2025-02", "created_at", id="February 2025"),
]


@pytest.fixture
def recorder(desk: Desk, settings: Any) -> Iterator[Recorder]:
    """Return a recorder between the product and the sandbox."""
    with serving(Recorder(desk.lms.base_url)) as running:
        settings.STACKONE_BASE_URL = running.url
        yield running


def body_of(item: Any, assigned_at: str) -> bytes:
    """Return the body with all fields, as documented."""
    fields = {
        "learning_object_external_reference": item.external_reference,
        "learning_object_id": item.remote_id,
        "due_date": "2027-01-15T23:59:59.000Z",
        "status": {"value": "in_progress", "source_value": "ENROLLED"},
        "progress": 62.5,
        assigned_at: "2026-11-02T09:30:00.000Z",
        "external_reference": "HR-2027/14",
        "passthrough": PASSTHROUGH,
    }
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize(("contract", "assigned_at"), VERSIONS)
def test_the_form_sends_all_fields(desk, client, recorder, settings, contract, assigned_at):
    settings.STACKONE_CONTRACT = contract
    draft = desk.draft(people=1)
    item = draft.picked_contents.get().content
    client.force_login(desk.owner)
    client.post(reverse("assign-terms", args=[draft.pk]), FORM)
    client.post(reverse("assign", args=[draft.pk]), FORM)

    page = client.get(reverse("review", args=[draft.pk])).content.decode()
    submitted = submit(desk, draft)
    desk.deliver()

    assert desk.states(submitted) == ["created"]
    assert recorder.bodies == [body_of(item, assigned_at)]
    assert to_compact_json(shown_body(page)).encode() == recorder.bodies[0]


@pytest.mark.parametrize("kind", ["audience", "content"])
def test_defaults_send_all_fields(desk, client, recorder, kind):
    """An audience fills them in for a draft, an item's are sent where the draft has none."""
    draft = desk.draft(people=1, status="in_progress")
    item, learner = draft.picked_contents.get().content, draft.picked_learners.get().learner
    desk.owner.roles = ["manager", "admin"]
    desk.owner.save()
    client.force_login(desk.owner)
    owner = make_audience(desk.owner, learner, account=desk.account) if kind == "audience" else item
    client.post(reverse(f"{kind}-defaults", args=[owner.pk]), FORM)
    if kind == "audience":
        client.post(reverse("assign-audience", args=[draft.pk]), {"add": owner.pk})
    draft.refresh_from_db()
    desk.review(draft)

    page = client.get(reverse("review", args=[draft.pk])).content.decode()
    submitted = submit(desk, draft)
    desk.deliver()

    assert desk.states(submitted) == ["created"]
    assert recorder.bodies == [body_of(item, "assigned_at")]
    assert to_compact_json(shown_body(page)).encode() == recorder.bodies[0]
    assert "HR-2027/14" in page.partition("<pre")[0]


def test_a_file_sends_all_fields(desk, client, recorder):
    draft = desk.draft(people=1, status="in_progress")
    item = draft.picked_contents.get().content
    learner = draft.picked_learners.get().learner
    draft.picked_learners.all().delete()
    client.force_login(desk.owner)
    upload = reverse("assign-upload", args=[draft.pk])
    cells = [learner.email, item.external_reference, "2027-01-15", *FILE_CELLS.values()]
    file = csv_file(["E-mail", "Course", "Due", *FILE_CELLS], cells)
    client.post(upload, {"file": file, "by": "file"})
    columns = {name: str(number) for number, name in enumerate(FILE_CELLS, 3)}
    chosen = {"person": "0", "content": "1", "due": "2", "dates": "", **columns}
    client.post(reverse("assign-upload-columns", args=[draft.pk]), chosen)
    client.post(reverse("assign", args=[draft.pk]), {"status": "in_progress"})

    page = client.get(reverse("review", args=[draft.pk])).content.decode()
    submitted = submit(desk, draft)
    desk.deliver()

    assert desk.states(submitted) == ["created"]
    assert recorder.bodies == [body_of(item, "assigned_at")]
    assert to_compact_json(shown_body(page)).encode() == recorder.bodies[0]
    assert "External reference HR-2027/14" in page


@pytest.mark.parametrize(("contract", "assigned_at"), VERSIONS)
def test_the_command_line_sends_all_fields(desk, recorder, settings, contract, assigned_at):
    settings.STACKONE_CONTRACT = contract
    item = desk.draft(people=1).picked_contents.get().content
    out = StringIO()

    assign(desk, item, OPTIONS, stdout=out)
    desk.deliver()

    assert set(recorder.bodies) == {body_of(item, assigned_at)}
    shown = out.getvalue().split("\n{", 1)[1].split("\n", 1)[0]
    assert to_compact_json(json.loads("{" + shown)).encode() == recorder.bodies[0]


def test_a_field_that_nobody_set_is_not_sent(desk, recorder):
    item = desk.draft(people=1).picked_contents.get().content

    assign(desk, item, {"--due": "none", "--status": "pending"})
    desk.deliver()

    fields = {
        "learning_object_external_reference": item.external_reference,
        "learning_object_id": item.remote_id,
        "status": {"value": "pending"},
    }
    assert set(recorder.bodies) == {to_compact_json(fields).encode()}


def test_the_log_holds_a_commitment_to_the_passthrough(desk):
    batch = desk.submit(people=1, passthrough=to_compact_json({"token": SECRET}))
    desk.deliver()

    bodies = [bytes(entry.body).decode() for entry in LogEntry.objects.all()]
    commitment = batch.digest_input.commitments["passthrough"]
    holding = [json.loads(body)["action"] for body in bodies if commitment in body]
    assert holding == ["batch.submitted", "assignment.created"]
    assert not any(SECRET in body for body in bodies)


def test_the_log_leaves_out_passthrough_that_the_lms_repeats(db):
    batch = make_batch(["rejected"], passthrough=to_compact_json({"token": SECRET, "kind": "A"}))
    problem = f"The token {SECRET} of kind A is unknown."

    change = change_of(
        batch.assignments.get(),
        "assignment.rejected",
        "rejected",
        {"problem": problem},
        {"problem": problem, "response": {"body": {"message": problem}}},
    )

    redacted = "The token [passthrough] of kind A is unknown."
    assert change.values == {"problem": redacted}
    assert isinstance(change.event, Event)
    assert change.event.detail["problem"] == redacted
    assert change.event.detail["response"] == {"body": {"message": redacted}}


def test_the_command_line_begins_with_the_passthrough_of_the_account(desk, recorder):
    """Without the option a batch has what new drafts of the account begin with."""
    Account.objects.update(passthrough='{"tenant":"north"}')
    item = desk.draft(people=1).picked_contents.get().content

    assign(desk, item, {"--due": "none", "--status": "pending"})
    assign(desk, item, {"--due": "none", "--status": "pending", "--passthrough": "{}"})
    desk.deliver()

    bodies = [json.loads(body) for body in recorder.bodies]
    assert {str(body.get("passthrough")) for body in bodies} == {"{'tenant': 'north'}", "None"}


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
NUMBER = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
MOMENTS = st.datetimes(datetime(1900, 1, 2), datetime(2099, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001  hypothesis wants bounds without a zone
PERCENT = st.none() | st.integers(0, 10_000).map(lambda hundredths: hundredths / 100)
BATCHES = st.builds(
    Batch,
    account=st.builds(Account, remote_id=st.just("sandbox")),
    status=st.sampled_from(["pending", "in_progress", "completed"]),
    progress=PERCENT,
    assigned_at=st.none() | MOMENTS,
    external_reference=TEXT,
    source_status=TEXT,
    passthrough=st.just("") | st.dictionaries(TEXT, JSON, min_size=1).map(to_compact_json),
)


@given(BATCHES, TEXT.filter(bool), TEXT, st.none() | MOMENTS)
def test_the_plan_is_what_goes_over_the_wire(batch, reference, item_id, due_at):
    row = Assignment(
        batch=batch, content_reference=reference, content_remote_id=item_id, due_at=due_at
    )
    bodies: list[bytes] = []

    def respond(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return httpx.Response(201, json={"data": {"id": "a1"}})

    command = pickle.loads(pickle.dumps(CreateAssignment("u1", new_assignment(row))))
    asyncio.run(run(command, httpx.MockTransport(respond)))

    reviewed = json_body(new_assignment(row))
    assert bodies == [to_compact_json(reviewed).encode()]
    if batch.passthrough:
        assert to_compact_json(reviewed["passthrough"]) == batch.passthrough


async def run(command: CreateAssignment, transport: httpx.AsyncBaseTransport) -> None:
    """Make the call as the child process of a sender does."""
    client = AsyncStackOne(
        base_url="https://api.stackone.com",
        api_key="key",
        account_id="sandbox",
        contract=settings.STACKONE_CONTRACT,
        status_style=settings.STACKONE_STATUS_STYLE,
        transport=transport,
    )
    async with client:
        await command.run(client)


def submit(desk: Desk, draft: Draft) -> Batch:
    """Submit the plan that was reviewed, and start it."""
    plan = Batch.objects.get(submission_key=draft.pk)
    submission.submit(
        draft=draft,
        plan_digest=plan.plan_digest,
        reason="",
        confirms_completed=True,
        by=desk.by,
        now=desk.clock(),
    )
    control.start_now(batch=plan, by=desk.by, now=desk.clock())
    return plan


def assign(desk: Desk, item: Any, options: dict[str, str], **more: Any) -> None:
    """Assign an item to everybody with `manage.py assign`."""
    words = [part for option in options.items() for part in option]
    everybody = ("--as", desk.owner.email, "--all", "--again", "--yes")
    call_command("assign", *everybody, "--content", item.external_reference, *words, **more)


def csv_file(*rows: list[str]) -> SimpleUploadedFile:
    """Return a file with these rows."""
    text = StringIO()
    csv.writer(text).writerows(rows)
    return SimpleUploadedFile("people.csv", text.getvalue().encode())


def shown_body(page: str) -> Any:
    """Return the JSON of the request that the review page shows."""
    shown = re.search(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)
    assert shown
    return json.loads(html.unescape(shown[1]).split("\n\n", 1)[1])
