"""Audiences: saving, renaming, deleting, what the log tells of it, and what is refused."""

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
    draft = drafts.start(account=make_account(), owner_pk=owner.pk, now=AT)
    for name in ("Ada", "Ben"):
        DraftLearner.objects.create(draft=draft, learner=make_learner(name=name))
    return draft


def said(action):
    """Return what the one entry of this kind tells."""
    entry = json.loads(bytes(LogEntry.objects.get(action=action).body))
    return entry["subject"], entry["account"], entry["detail"]


def save(draft, name):
    """Save the draft's selection."""
    who = {"by": make_actor(draft.owner), "by_pk": draft.owner_id}
    return audiences.save_selection(draft=draft, name=name, **who, now=LATER)


def save_filter(owner, name, query="q=sales"):
    """Save a filter."""
    who = {"by": make_actor(owner), "by_pk": owner.pk}
    return audiences.save_filter(
        account=make_account(), name=name, query=query, people=7, **who, now=LATER
    )


def test_save_selection_keeps_these_people_and_is_recorded(draft, owner):
    audience = save(draft, "Sales")
    drafts.clear(draft=draft, now=LATER)

    found = Audience.objects.get()
    members = AudienceMember.objects.filter(audience=found).order_by("learner__name")
    assert list(members.values_list("learner__name", flat=True)) == ["Ada", "Ben"]
    assert (found.kind, found.people, found.created_by, found.created_at) == (
        "fixed",
        2,
        owner,
        LATER,
    )
    assert said("audience.created") == (
        f"audience/{audience.pk}",
        "sandbox",
        {"name": "Sales", "kind": "fixed", "people": 2},
    )


def test_save_selection_refuses_an_empty_one(owner):
    empty = drafts.start(account=make_account(), owner_pk=owner.pk, now=AT)

    with pytest.raises(AudienceRefused, match="Select at least one person"):
        save(empty, "Nobody")

    assert not Audience.objects.exists()


def test_save_filter_keeps_the_question_and_keeps_its_words_out_of_the_log(owner):
    audience = save_filter(owner, "Sales", "q=elif")

    assert (audience.kind, audience.query, audience.members.count()) == ("filter", "q=elif", 0)
    _, _, detail = said("audience.created")
    assert detail == {"name": "Sales", "kind": "filter", "people": 7}


@pytest.mark.parametrize("name", ["Sales", "SALES", "sáles"])
def test_a_name_is_taken_once_whatever_its_case_and_accents(draft, owner, name):
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


def test_rename_is_recorded_and_the_same_name_is_nothing(owner):
    audience = make_audience(owner)

    for name in ("Sales", "SALES", "SALES"):
        audiences.rename(audience=audience, name=name, by=make_actor(owner), now=LATER)

    assert Audience.objects.get().name == "SALES"
    _, _, detail = said("audience.changed")
    assert detail == {"name": "SALES", "kind": "fixed", "people": 0, "was": "Sales"}


def test_delete_leaves_who_was_selected(draft, owner):
    audience = save(draft, "Sales")
    subject = f"audience/{audience.pk}"

    audiences.delete(audience=audience, by=make_actor(owner), now=LATER)

    assert (Audience.objects.count(), AudienceMember.objects.count()) == (0, 0)
    assert DraftLearner.objects.filter(draft=draft).count() == 2
    assert said("audience.deleted")[0] == subject


@pytest.mark.parametrize("act", ["save", "rename", "delete"])
def test_nothing_changes_if_it_cannot_be_recorded(draft, owner, monkeypatch, act):
    audience = make_audience(owner, name="Legal")

    def fail(*_, **__):
        raise RuntimeError

    monkeypatch.setattr(audiences, "record", fail)
    acts = {
        "save": lambda: save(draft, "Sales"),
        "rename": lambda: audiences.rename(
            audience=audience, name="Law", by=make_actor(owner), now=LATER
        ),
        "delete": lambda: audiences.delete(audience=audience, by=make_actor(owner), now=LATER),
    }
    with pytest.raises(RuntimeError), transaction.atomic():
        acts[act]()

    assert list(Audience.objects.values_list("name", flat=True)) == ["Legal"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        pytest.param("", "everybody who is active", id="nothing"),
        pytest.param("q=sales+emea", "“sales emea”", id="words"),
        pytest.param("q=x&inactive=1", "“x”, inactive people, too", id="inactive"),
        pytest.param("hire_year=2026", "hire year: 2026", id="any other condition"),
    ],
)
def test_filter_words_say_what_is_asked_for(query, words):
    assert queries.filter_words(query) == words
