"""The page with the history of one person and one content item."""

import re

import pytest
from django.db import transaction
from django.urls import reverse

from assignments.audit.entries.actors import Person
from assignments.audit.export.assignment_history import learner_and_content_of
from assignments.audit.log import Event, record_all
from assignments.models import LogEntry, RemoteAssignment
from assignments.queries.evidence import HIDDEN, evidence, redacted
from tests import log_tampering
from tests.factories import AT, make_account, make_batch, make_content, make_learner, make_user
from tests.log_fixtures import ELIF, PRIYA, created

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(client):
    """Return a signed-in auditor's client."""
    client.force_login(make_user("auditor"))
    return client


def open_history(client, row):
    """Return the history page of a row's person and item, and its text on one line."""
    page = client.get(reverse("assignment-history", args=[row.learner_id, row.content_id]))
    return page, " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())


def write(row, *events):
    """Append entries about the row and its batch, with the submitter as actor."""
    with transaction.atomic():
        return record_all(events, by=PRIYA, at=AT)


def started(row, number):
    """Return an event of started calls of the row's batch, one for the row with this number."""
    groups = [{"rows": str(number), "attempt": 1}]
    detail = {"rows": 1, "groups": groups}
    return Event(action="calls.started", subject=row.batch.ref, batch=row.batch.ref, detail=detail)


def about(row, action, result="", **detail):
    """Return an event of the row as the sender records it."""
    return Event(
        action=action,
        subject=f"assignment/{row.pk}",
        result=result,
        batch=row.batch.ref,
        people=(Person(ref=f"learner/{row.learner_id}", name=row.learner.name),),
        detail={"content": {"ref": f"content/{row.content_id}", "title": "GDPR"}, **detail},
    )


def remote(row, **fields):
    """Create an LMS record for the row's person and item."""
    values = {"account": row.batch.account, "learner": row.learner, "content": row.content}
    return RemoteAssignment.objects.create(first_seen_at=AT, **values | fields)


def test_the_history_shows_every_cause_with_evidence(auditor):
    row = make_batch(["created"]).assignments.get()
    remote(row, remote_id=row.remote_id, status="in_progress")
    reply = {"status": 201, "body": {"data": {"id": row.remote_id}}}
    submitted = Event(
        action="batch.submitted",
        subject=row.batch.ref,
        batch=row.batch.ref,
        detail={"people": 1, "items": 1, "reason": "Policy DP-14"},
    )
    other = Event(action="batch.held", subject="batch/999", batch="batch/999")
    write(
        row,
        submitted,
        other,
        started(row, number=row.position),
        started(row, number=row.position + 1),
        about(
            row,
            "assignment.created",
            "created",
            request={"due_date": None},
            response=reply,
            started_in=LogEntry.objects.count() + 2,
        ),
    )

    page, text = open_history(auditor, row)

    assert f"Why does {row.learner} have {row.content} ?" in text
    assert "Priya Mehta assigned it" in text
    assert "because of “Policy DP-14”" in text
    ((cause, line, evidence_of_line),) = page.context["causes"]
    assert [line.action for line in cause.lines] == [
        "batch.submitted",
        "calls.started",
        "assignment.created",
    ]
    assert (line.action, evidence_of_line["response"]) == (
        "assignment.created",
        evidence(line.body)["response"],
    )
    assert row.remote_id in evidence_of_line["response"]
    assert "Status In progress" in text
    assert "not created with Assignment Desk" not in text
    assert "Our copy of Cornerstone is of" in text
    newest = LogEntry.objects.order_by("-seq")[0]
    assert (newest.action, log_tampering.body(newest.seq)["detail"]) == (
        "log.searched",
        {
            "entries": 3,
            "search": f"person:learner/{row.learner_id} content:{row.content.external_reference}",
        },
    )


@pytest.mark.parametrize(
    ("state", "is_in_the_lms", "sentence"),
    [
        pytest.param("queued", False, "They do not have it yet", id="on its way"),
        pytest.param("rejected", False, "It was attempted without success", id="refused"),
        pytest.param(
            "rejected", True, "It was not assigned with Assignment Desk", id="came otherwise"
        ),
        pytest.param(None, True, "It was not assigned with Assignment Desk", id="was there before"),
        pytest.param(None, False, "Nobody assigned it with Assignment Desk", id="not at all"),
    ],
)
def test_the_history_begins_with_the_conclusion(auditor, state, is_in_the_lms, sentence):
    batch = make_batch([state or "created"])
    row = batch.assignments.get()
    if state is None:
        row.learner, row.learner_id = (new := make_learner()), new.pk
    if is_in_the_lms:
        remote(row, remote_id="R-foreign_records")

    page, text = open_history(auditor, row)

    assert sentence in text
    assert ("not created with Assignment Desk" in text) is is_in_the_lms
    assert len(page.context["causes"]) == (state is not None)


def test_the_history_before_the_first_sync(auditor):
    row = make_batch(["rejected"]).assignments.get()
    make_account(synced_at=None)

    _, text = open_history(auditor, row)

    assert "Cornerstone was not synced yet, so our copy may lack what is there." in text
    assert "The log has no entry about it." in text


@pytest.mark.parametrize("count", [1, 3], ids=["one cause", "three causes"])
def test_the_history_costs_the_same_queries_whatever_its_length(
    auditor, django_assert_num_queries, count
):
    first = make_batch(["created"]).assignments.get()
    for _ in range(count - 1):
        first.pk, first.batch = None, make_batch()
        first.save(force_insert=True)
    write(first, *(about(first, "assignment.created", "created") for _ in range(count)))
    address = reverse("assignment-history", args=[first.learner_id, first.content_id])

    with django_assert_num_queries(18):
        page = auditor.get(address)

    assert len(page.context["causes"]) == count


def test_the_history_of_an_unknown_person_is_not_found(auditor):
    content = make_content()
    assert auditor.get(reverse("assignment-history", args=[10**9, content.pk])).status_code == 404
    assert (
        auditor.get(reverse("assignment-history", args=[make_learner().pk, 10**9])).status_code
        == 404
    )


def test_entry_and_person_link_to_the_history(auditor):
    row = make_batch(["created"]).assignments.get()
    seq = write(row, about(row, "assignment.created", "created")).start
    link = f'href="{reverse("assignment-history", args=[row.learner_id, row.content_id])}"'

    entry = auditor.get(reverse("entry", args=[seq])).content.decode()
    person = auditor.get(reverse("person", args=[row.learner_id])).content.decode()

    assert (entry.count(link), person.count(link)) == (1, 1)
    assert f"/audit/?q=person:learner/{row.learner_id}" in entry


@pytest.mark.parametrize(
    ("event", "ids"),
    [
        pytest.param(created(1), (12, 9), id="both"),
        pytest.param(Event(action="batch.held"), None, id="neither"),
        pytest.param(Event(action="user.signed_in", people=(ELIF,)), None, id="a person alone"),
        pytest.param(
            Event(action="x.y", detail={"content": {"ref": "content/9"}}), None, id="item"
        ),
    ],
)
def test_learner_and_content_of_needs_both(event, ids):
    with transaction.atomic():
        (seq,) = record_all([event], by=PRIYA, at=AT)
    assert learner_and_content_of(log_tampering.body(seq)) == ids


def test_evidence_redacts_secrets():
    shown = redacted(
        {
            "headers": {"Authorization": "Basic abc", "x-api-key": "k", "token": ""},
            "body": [{"password": {"a": 1}, "title": "Secret Santa"}, 3],
        }
    )

    assert shown == {
        "headers": {"Authorization": HIDDEN, "x-api-key": HIDDEN, "token": ""},
        "body": [{"password": HIDDEN, "title": "Secret Santa"}, 3],
    }
    assert evidence({"detail": None}) == {}
