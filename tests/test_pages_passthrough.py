"""Passthrough as the default of an account and of an item: set on a page, sent with assignments."""

import html
import json
from typing import Any

import pytest
from django.urls import reverse

from assignments.models import Account, Batch, Content, Draft, LogEntry
from assignments.services.picking import drafts
from assignments.services.planning.request import json_body, logged_body, new_assignment
from assignments.services.privacy.redacted_fields import redact_person
from assignments.services.privacy.subjects import find_subject
from tests.factories import AT, make_account, make_content, make_learner, make_user

COMPACT = '{"tenant":"north","cohort":"A"}'


@pytest.fixture
def admin(client: Any, db: None) -> Any:
    """Return the browser of an administrator."""
    client.force_login(make_user("admin"))
    return client


def actions() -> list[tuple[str, str]]:
    """Return action and result of the entries about passthrough."""
    bodies = [json.loads(bytes(entry.body)) for entry in LogEntry.objects.order_by("seq")]
    changes = [body for body in bodies if body["action"].endswith("passthrough_changed")]
    return [(body["action"], body["result"]) for body in changes]


@pytest.mark.parametrize(
    ("name", "made", "back"),
    [
        ("account-passthrough", make_account, lambda _: reverse("settings")),
        ("content-passthrough", make_content, lambda pk: reverse("content-item", args=[pk])),
    ],
)
def test_an_administrator_sets_and_removes_it(admin, name, made, back):
    of = made()
    url = reverse(name, args=[of.pk])

    response = admin.post(url, {"passthrough": json.dumps(json.loads(COMPACT), indent=8)})
    admin.post(url, {"passthrough": COMPACT})

    assert (response.status_code, response["Location"]) == (302, back(of.pk))
    of.refresh_from_db()
    assert of.passthrough == COMPACT
    action = f"{name.partition('-')[0]}.passthrough_changed"
    assert actions() == [(action, "set")]
    assert not any(b"north" in bytes(entry.body) for entry in LogEntry.objects.all())
    assert '"tenant": "north"' in html.unescape(admin.get(url).content.decode())

    admin.post(url, {"passthrough": ""})
    of.refresh_from_db()
    assert (of.passthrough, actions()) == ("", [(action, "set"), (action, "removed")])


def test_what_is_no_json_object_is_refused_and_stays_in_the_field(admin):
    content = make_content()
    url = reverse("content-passthrough", args=[content.pk])

    response = admin.post(url, {"passthrough": '{"tenant": north}'})

    page = html.unescape(response.content.decode())
    assert response.status_code == 422
    assert "The passthrough is not JSON: see line 1, column 12." in page
    assert '{"tenant": north}' in page
    content.refresh_from_db()
    assert (content.passthrough, actions()) == ("", [])


def test_a_new_draft_begins_with_the_accounts(db):
    account = make_account()
    Account.objects.filter(pk=account.pk).update(passthrough=COMPACT)
    account.refresh_from_db()

    draft = drafts.create(account=account, owner_pk=make_user().pk, now=AT)

    assert Draft.objects.get(pk=draft.pk).passthrough == COMPACT


def test_an_items_own_names_are_added_to_those_of_the_batch(desk, client):
    draft = desk.draft(people=1, items=2, passthrough=COMPACT)
    first, second = [picked.content for picked in draft.picked_contents.order_by("content__title")]
    Content.objects.filter(pk=second.pk).update(passthrough='{"cohort":"B","seats":2}')

    batch = desk.submit_draft(draft)
    client.force_login(desk.owner)
    page = client.get(reverse("batch", args=[batch.pk])).content.decode()
    desk.deliver()

    rows = {row.content_id: row for row in batch.assignments.all()}
    by_item = {content: new_assignment(row) for content, row in rows.items()}
    assert json_body(by_item[first.pk])["passthrough"] == {"tenant": "north", "cohort": "A"}
    merged = {"tenant": "north", "cohort": "B", "seats": 2}
    assert json_body(by_item[second.pk])["passthrough"] == merged
    commitments = batch.digest_input.commitments
    assert logged_body(by_item[second.pk], rows[second.pk])["passthrough"] == {
        "commit": commitments["passthrough"],
        "items": commitments["item_passthroughs"],
    }
    assert '"seats":2' in html.unescape(page)
    assert desk.states(batch) == ["created", "created"]


def test_a_plan_keeps_the_passthrough_that_its_items_had_at_the_review(desk):
    draft = desk.draft(people=1)
    Content.objects.update(passthrough='{"seats":2}')
    batch = desk.submit_draft(draft)
    Content.objects.update(passthrough='{"seats":3}')
    Batch.objects.filter(pk=batch.pk).update(item_passthroughs="")

    desk.deliver()

    batch.refresh_from_db()
    assert "its plan is not the one that was reviewed" in batch.pause_reason


def test_an_erasure_redacts_a_name_in_them(db):
    learner = make_learner(name='Ayla "Ay" Demir')
    passthrough = json.dumps({"approver": learner.name})
    Account.objects.update(passthrough=passthrough)
    content = make_content(passthrough=passthrough)
    person = find_subject(f"learner/{learner.pk}")
    assert person

    redact_person(person)

    content.refresh_from_db()
    account = Account.objects.get(pk=content.account_id)
    assert json.loads(content.passthrough) == {"approver": "an erased person"}
    assert json.loads(account.passthrough) == {"approver": "an erased person"}
