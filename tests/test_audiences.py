"""Audiences: saving, renaming and deleting them, their log entries, and refusals."""

import json
from datetime import timedelta

import pytest
from django.db import transaction

from assignments.models import Audience, AudienceMember, DraftLearner, LogEntry
from assignments.queries import audiences as queries
from assignments.services.picking import audiences, drafts
from assignments.services.picking.audiences import AudienceRefused
from tests.factories import AT, make_account, make_actor, make_audience, make_learner, make_user

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(minutes=5)
TAKEN = "There is an audience “Sales” already. Choose another name."


@pytest.fixture
def owner():
    """Return a manager."""
    return make_user()


@pytest.fixture
def draft(owner):
    """Return a draft in which two people are selected."""
    draft = drafts.create(account=make_account(), owner_pk=owner.pk, now=AT)
    for name in ("Ada", "Ben"):
        DraftLearner.objects.create(draft=draft, learner=make_learner(name=name))
    return draft


def logged(action):
    """Return subject, account and detail of the one log entry with this action."""
    entry = json.loads(bytes(LogEntry.objects.get(action=action).body))
    return entry["subject"], entry["account"], entry["detail"]


def save(draft, name):
    """Save the draft's selection."""
    author = {"by": make_actor(draft.owner), "by_pk": draft.owner_id}
    return audiences.save_selection(draft=draft, name=name, **author, now=LATER)


def save_filter(owner, name, query="q=sales"):
    """Save a filter."""
    author = {"by": make_actor(owner), "by_pk": owner.pk}
    return audiences.save_filter(
        account=make_account(), name=name, query=query, people=7, **author, now=LATER
    )


def test_save_selection_stores_the_selected_people_and_is_recorded(draft, owner):
    audience = save(draft, "Sales")
    drafts.clear_learners(draft=draft, now=LATER)

    saved = Audience.objects.get()
    members = AudienceMember.objects.filter(audience=saved).order_by("learner__name")
    assert list(members.values_list("learner__name", flat=True)) == ["Ada", "Ben"]
    assert (saved.kind, saved.people, saved.created_by, saved.created_at) == (
        "fixed",
        2,
        owner,
        LATER,
    )
    assert logged("audience.created") == (
        f"audience/{audience.pk}",
        "sandbox",
        {"name": "Sales", "kind": "fixed", "people": 2},
    )


def test_save_selection_refuses_an_empty_one(owner):
    empty = drafts.create(account=make_account(), owner_pk=owner.pk, now=AT)

    with pytest.raises(AudienceRefused, match="Select at least one person"):
        save(empty, "Nobody")

    assert not Audience.objects.exists()


def test_save_filter_stores_the_query_but_does_not_log_it(owner):
    audience = save_filter(owner, "Sales", "q=elif")

    assert (audience.kind, audience.query, audience.members.count()) == ("filter", "q=elif", 0)
    _, _, detail = logged("audience.created")
    assert detail == {"name": "Sales", "kind": "filter", "people": 7}


def test_save_filter_refuses_a_query_that_is_too_long(owner):
    with pytest.raises(AudienceRefused, match="This filter is too long to keep"):
        save_filter(owner, "Sales", f"q={'é' * 7_999}")

    assert not Audience.objects.exists()


@pytest.mark.parametrize("name", ["Sales", "SALES", "sáles"])
def test_names_are_unique_regardless_of_case_and_accents(draft, owner, name):
    make_audience(owner)
    other = make_audience(owner, name="Legal")

    with pytest.raises(AudienceRefused, match=TAKEN):
        save(draft, name)
    with pytest.raises(AudienceRefused, match=TAKEN):
        save_filter(owner, name)
    with pytest.raises(AudienceRefused, match=TAKEN):
        audiences.rename(audience=other, name=name, by=make_actor(owner), now=LATER)

    assert Audience.objects.count() == 2
    assert not LogEntry.objects.filter(action__startswith="audience").exists()


def test_rename_is_recorded_and_the_same_name_changes_nothing(owner):
    audience = make_audience(owner)

    for name in ("Sales", "SALES", "SALES"):
        audiences.rename(audience=audience, name=name, by=make_actor(owner), now=LATER)

    assert Audience.objects.get().name == "SALES"
    _, _, detail = logged("audience.renamed")
    assert detail == {"name": "SALES", "kind": "fixed", "people": 0, "previous_name": "Sales"}


def test_delete_keeps_the_selection_of_drafts(draft, owner):
    audience = save(draft, "Sales")
    subject = f"audience/{audience.pk}"

    audiences.delete(audience=audience, by=make_actor(owner), now=LATER)

    assert (Audience.objects.count(), AudienceMember.objects.count()) == (0, 0)
    assert DraftLearner.objects.filter(draft=draft).count() == 2
    assert logged("audience.deleted")[0] == subject


@pytest.mark.parametrize("action", ["save", "rename", "delete"])
def test_nothing_changes_if_it_cannot_be_recorded(draft, owner, monkeypatch, action):
    audience = make_audience(owner, name="Legal")

    def fail(*_, **__):
        raise RuntimeError

    monkeypatch.setattr(audiences, "record", fail)
    calls = {
        "save": lambda: save(draft, "Sales"),
        "rename": lambda: audiences.rename(
            audience=audience, name="Law", by=make_actor(owner), now=LATER
        ),
        "delete": lambda: audiences.delete(audience=audience, by=make_actor(owner), now=LATER),
    }
    with pytest.raises(RuntimeError), transaction.atomic():
        calls[action]()

    assert list(Audience.objects.values_list("name", flat=True)) == ["Legal"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        pytest.param("", "everybody who is active", id="nothing"),
        pytest.param("q=sales+emea", "“sales emea”", id="words"),
        pytest.param("q=x&inactive=1", "“x”, inactive people, too", id="inactive"),
        pytest.param("f.team=IT&f.team=Law", "team: IT or Law", id="one of several values"),
        pytest.param("from.hire_date=2026-01-31", "hire date from 31 January 2026", id="a day"),
        pytest.param("to.hire_date=soon", "hire date until soon", id="no day"),
        pytest.param(
            "has=has&due_before=2026-12-01",
            "has the draft’s content, due before 1 December 2026",
            id="due before a day",
        ),
        pytest.param("hire_year=2026", "hire year: 2026", id="any other condition"),
    ],
)
def test_filter_words_describe_the_query(query, words):
    assert queries.filter_description(query) == words
