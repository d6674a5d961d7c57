"""Default terms of accounts, items and audiences: set on a page, sent with assignments."""

import html
import json
from typing import Any

import pytest
from django.urls import reverse

from assignments.models import Account, Audience, Batch, Content, Draft, LogEntry
from assignments.services.picking import drafts
from assignments.services.planning.own_terms import commit_to, load, values_of
from assignments.services.planning.request import json_body, logged_body, new_assignment
from assignments.services.privacy.redacted_fields import redact_person
from assignments.services.privacy.subjects import find_subject
from tests.factories import (
    AT,
    make_account,
    make_audience,
    make_content,
    make_learner,
    make_user,
)

COMPACT = '{"tenant":"north","cohort":"A"}'
FORM = {
    "progress": "62,5",
    "assigned_at": "2026-11-02T09:30",
    "external_reference": "HR-2027/14",
    "source_status": "ENROLLED",
    "passthrough": json.dumps(json.loads(COMPACT), indent=8),
}


@pytest.fixture
def admin(client: Any, db: None) -> Any:
    """Return the browser of an administrator who may assign as well."""
    client.force_login(make_user("admin", roles=["admin", "manager"]))
    return client


def entries() -> list[tuple[str, str]]:
    """Return action and result of the entries about defaults."""
    bodies = [json.loads(bytes(entry.body)) for entry in LogEntry.objects.order_by("seq")]
    changes = [body for body in bodies if body["action"].endswith("_changed")]
    return [(body["action"], body["result"]) for body in changes]


def test_an_administrator_sets_and_removes_the_passthrough_of_an_account(admin):
    account = make_account()
    url = reverse("account-passthrough", args=[account.pk])

    response = admin.post(url, {"passthrough": FORM["passthrough"]})
    admin.post(url, {"passthrough": COMPACT})

    assert (response.status_code, response["Location"]) == (302, reverse("settings"))
    account.refresh_from_db()
    assert account.passthrough == COMPACT
    assert entries() == [("account.passthrough_changed", "set")]
    assert not any(b"north" in bytes(entry.body) for entry in LogEntry.objects.all())
    assert '"tenant": "north"' in html.unescape(admin.get(url).content.decode())

    admin.post(url, {"passthrough": ""})
    account.refresh_from_db()
    assert (account.passthrough, entries()[1:]) == (
        "",
        [("account.passthrough_changed", "removed")],
    )


@pytest.mark.parametrize("kind", ["content", "audience"])
def test_all_defaults_are_set_and_removed_and_the_log_has_a_commitment(admin, kind):
    of: Any = make_content() if kind == "content" else make_audience(make_user("manager"))
    url = reverse(f"{kind}-defaults", args=[of.pk])

    response = admin.post(url, FORM)
    admin.post(url, FORM)

    back = reverse("content-item", args=[of.pk]) if kind == "content" else reverse("audiences")
    assert (response.status_code, response["Location"]) == (302, back)
    of.refresh_from_db()
    assert values_of(of.default_terms)["progress"] == 62.5
    shown = html.unescape(admin.get(url).content.decode())
    for text in ("62.5", "2026-11-02T09:30", "HR-2027/14", "ENROLLED", '"tenant": "north"'):
        assert text in shown
    [entry] = LogEntry.objects.filter(action=f"{kind}.defaults_changed")
    detail = json.loads(bytes(entry.body))["detail"]
    assert detail["defaults"] == {"commit": load(of.default_terms).commit}
    for secret in (b"north", b"HR-2027", b"ENROLLED"):
        assert secret not in bytes(entry.body)

    admin.post(url, {})
    of.refresh_from_db()
    assert of.default_terms == ""
    assert len(entries()) == 2


def test_a_page_of_defaults_shows_what_is_set(admin):
    stored = commit_to({"progress": 40.0, "external_reference": "HR-1"})
    content = make_content(default_terms=stored)
    make_audience(make_user("manager"), default_terms=stored)

    item = html.unescape(admin.get(reverse("content-item", args=[content.pk])).content.decode())
    listed = html.unescape(admin.get(reverse("audiences")).content.decode())

    assert "Progress in percent 40; External reference HR-1" in item
    assert "Fills in progress in percent, external reference" in listed


@pytest.mark.parametrize(
    ("name", "typed", "problem"),
    [
        ("passthrough", '{"tenant": north}', "The passthrough is not JSON: see line 1, column 12."),
        ("progress", "101", "Enter the progress as a number from 0 to 100, such as 40 or 62.5."),
        ("assigned_at", "soon", "Write the time of assignment as a date and time"),
        ("external_reference", "x" * 201, "Shorten the external reference to 200 characters."),
        ("source_status", "a\x1bb", "Type the LMS status again"),
    ],
)
def test_what_cannot_be_sent_is_refused_and_stays_in_the_field(admin, name, typed, problem):
    content = make_content()
    url = reverse("content-defaults", args=[content.pk])

    response = admin.post(url, {"external_reference": "HR-1", name: typed})

    page = html.unescape(response.content.decode())
    assert response.status_code == 422
    assert problem in page
    assert typed in page
    content.refresh_from_db()
    assert (content.default_terms, entries()) == ("", [])


def test_a_new_draft_begins_with_the_accounts(db):
    account = make_account()
    Account.objects.filter(pk=account.pk).update(passthrough=COMPACT)
    account.refresh_from_db()

    draft = drafts.create(account=account, owner_pk=make_user().pk, now=AT)

    assert Draft.objects.get(pk=draft.pk).passthrough == COMPACT


def test_an_items_defaults_complete_what_the_batch_says(desk, client):
    draft = desk.draft(people=1, items=2, passthrough=COMPACT, external_reference="HR-1")
    first, second = [picked.content for picked in draft.picked_contents.order_by("content__title")]
    own = {"passthrough": '{"cohort":"B","seats":2}', "external_reference": "HR-2", "progress": 0.0}
    Content.objects.filter(pk=second.pk).update(default_terms=commit_to(own))

    batch = desk.submit_draft(draft)
    client.force_login(desk.owner)
    page = html.unescape(client.get(reverse("batch", args=[batch.number])).content.decode())

    rows = {row.content_id: row for row in batch.assignments.all()}
    bodies = {content: json_body(new_assignment(row)) for content, row in rows.items()}
    assert bodies[first.pk]["passthrough"] == {"tenant": "north", "cohort": "A"}
    assert "progress" not in bodies[first.pk]
    terms = {name: bodies[second.pk][name] for name in own}
    assert terms == {
        "passthrough": {"tenant": "north", "cohort": "B", "seats": 2},
        "external_reference": "HR-1",
        "progress": 0,
    }
    commitments = batch.digest_input.commitments
    logged = logged_body(new_assignment(rows[second.pk]), rows[second.pk])
    assert logged["passthrough"] == {
        "commit": commitments["passthrough"],
        "items": commitments["item_terms"],
    }
    assert logged["external_reference"] == {"commit": commitments["external_reference"]}
    assert f"Defaults of {second.external_reference}" in page


def test_the_log_has_the_items_commitment_where_its_text_is_sent(desk):
    draft = desk.draft(people=1)
    Content.objects.update(default_terms=commit_to({"source_status": "ENROLLED"}))
    batch = desk.submit_draft(draft)
    row = batch.assignments.get()

    logged = logged_body(new_assignment(row), row)

    commitment = {"items": batch.digest_input.commitments["item_terms"]}
    assert logged["status"] == {"value": "pending", "source_value": commitment}


def test_a_plan_keeps_the_defaults_that_its_items_had_at_the_review(desk):
    draft = desk.draft(people=1)
    Content.objects.update(default_terms=commit_to({"passthrough": '{"seats":2}'}))
    batch = desk.submit_draft(draft)
    Content.objects.update(default_terms=commit_to({"passthrough": '{"seats":3}'}))
    Batch.objects.filter(pk=batch.pk).update(item_terms="")

    desk.deliver()

    batch.refresh_from_db()
    assert "its plan is not the one that was reviewed" in batch.pause_reason


def test_an_erasure_redacts_a_name_in_them(db):
    learner = make_learner(name='Ayla "Ay" Demir')
    passthrough = json.dumps({"approver": learner.name})
    Account.objects.update(passthrough=passthrough)
    stored = commit_to({"passthrough": passthrough, "external_reference": f"for {learner.name}"})
    content = make_content(default_terms=stored)
    make_audience(make_user("manager"), default_terms=stored)
    person = find_subject(f"learner/{learner.pk}")
    assert person

    redact_person(person)

    content.refresh_from_db()
    for own in (load(content.default_terms), load(Audience.objects.get().default_terms)):
        assert json.loads(own.terms["passthrough"]) == {"approver": "an erased person"}
        assert own.terms["external_reference"] == "for an erased person"
        assert (own.commit, own.salt) == (load(stored).commit, "")
    account = Account.objects.get(pk=content.account_id)
    assert json.loads(account.passthrough) == {"approver": "an erased person"}
