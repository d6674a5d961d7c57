"""Default terms of audiences: kept from a draft, filled in for others, never over what is typed."""

import json
from typing import Any

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from assignments.models import Audience, Draft, LogEntry
from assignments.services.picking import audience_defaults
from assignments.services.planning.own_terms import NAMES, commit_to, load, values_of
from assignments.services.planning.passthrough import to_compact_json
from tests.factories import AT, make_account, make_audience, make_learner, make_user

HTMX = {"HX-Request": "true"}
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=8)
OBJECTS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 1) | st.booleans(), min_size=1)
TERMS = st.fixed_dictionaries(
    {},
    optional={
        "progress": st.sampled_from([0.0, 62.5, 100.0]),
        "external_reference": st.just("{") | TEXT,
        "source_status": TEXT,
        "passthrough": OBJECTS.map(to_compact_json),
    },
)


@pytest.fixture
def draft(client: Any, db: None) -> Draft:
    """Return the empty draft of a manager who is signed in."""
    owner = make_user("manager")
    client.force_login(owner)
    return Draft.objects.create(account=make_account(), owner=owner, created_at=AT, changed_at=AT)


def add(client: Any, draft: Draft, audience: Audience, **form: str) -> Any:
    """Add the audience on the draft's page and return the response."""
    url = reverse("assign-audience", args=[draft.pk])
    response = client.post(url, {"add": audience.pk, **form}, headers=HTMX)
    draft.refresh_from_db()
    return response


def test_an_audience_keeps_the_fields_of_the_draft_if_asked(client, draft):
    terms = {"progress": 62.5, "external_reference": "HR-1", "passthrough": '{"cohort":"A"}'}
    Draft.objects.update(**terms)
    url = reverse("assign-save-audience", args=[draft.pk])
    filters = {"keeps_filter": "1", "query": ""}

    client.post(url, {"name": "With", "keeps_fields": "on", **filters}, headers=HTMX)
    client.post(url, {"name": "Without", **filters}, headers=HTMX)

    kept = {audience.name: audience.default_terms for audience in Audience.objects.all()}
    assert values_of(kept["With"]) == terms
    assert kept["Without"] == ""
    [entry] = LogEntry.objects.filter(action="audience.defaults_changed")
    assert json.loads(bytes(entry.body))["detail"] == {
        "name": "With",
        "kind": "filter",
        "people": 0,
        "defaults": {"commit": load(kept["With"]).commit},
    }


def test_adding_it_fills_in_the_draft_and_says_so(client, draft):
    stored = commit_to({"progress": 40.0, "passthrough": '{"cohort":"A"}'})
    audience = make_audience(draft.owner, make_learner(), default_terms=stored)

    page = add(client, draft, audience).content.decode()

    assert (draft.progress, draft.passthrough) == (40.0, '{"cohort":"A"}')
    sentence = draft.changes.get().sentence
    assert sentence.endswith(" Filled in from it: progress in percent, passthrough.")
    assert sentence in page
    assert 'id="terms" hx-swap-oob="true"' in " ".join(page.split())
    add(client, draft, audience)
    assert "Filled in" not in draft.changes.latest("pk").sentence


def test_what_the_draft_has_is_kept_and_said(client, draft):
    Draft.objects.update(external_reference="HR-1", passthrough='{"tenant":"north","cohort":"A"}')
    own = {"external_reference": "HR-2", "passthrough": '{"cohort":"B","seats":2}'}
    audience = make_audience(draft.owner, make_learner(), default_terms=commit_to(own))

    add(client, draft, audience)

    assert draft.external_reference == "HR-1"
    assert draft.passthrough == '{"tenant":"north","cohort":"A","seats":2}'
    assert draft.changes.get().sentence.endswith(
        " Filled in from it: passthrough. "
        "Kept as the draft has it, unlike the audience: external reference, passthrough."
    )


def test_what_is_typed_and_not_stored_yet_counts_as_typed(client, draft):
    stored = commit_to({"external_reference": "HR-2", "progress": 40.0})
    audience = make_audience(draft.owner, make_learner(), default_terms=stored)

    add(client, draft, audience, status="pending", external_reference="HR-1")

    assert (draft.external_reference, draft.progress) == ("HR-1", 40.0)


def test_it_is_not_added_while_a_field_cannot_be_stored(client, draft):
    stored = commit_to({"external_reference": "HR-2", "progress": 40.0})
    audience = make_audience(draft.owner, make_learner(), default_terms=stored)

    page = add(client, draft, audience, status="pending", progress="101").content.decode()

    assert "The audience was not added. Enter the progress as a number from 0 to 100" in page
    assert 'id="terms"' not in page
    assert (draft.progress, draft.picked_learners.count()) == (None, 0)


def test_a_draft_for_an_audience_begins_with_its_fields(client, draft):
    stored = commit_to({"source_status": "ENROLLED"})
    audience = make_audience(draft.owner, make_learner(), default_terms=stored)

    client.post(reverse("audience-use", args=[audience.pk]))

    assert Draft.objects.exclude(pk=draft.pk).get().source_status == "ENROLLED"


def test_leaving_an_audience_out_fills_in_nothing(client, draft):
    stored = commit_to({"source_status": "ENROLLED"})
    audience = make_audience(draft.owner, make_learner(), default_terms=stored)

    url = reverse("assign-audience", args=[draft.pk])
    client.post(url, {"leave_out": audience.pk}, headers=HTMX)

    draft.refresh_from_db()
    assert draft.source_status == ""


def test_a_passthrough_that_would_be_too_long_is_kept_as_it_is(client, draft):
    Draft.objects.update(passthrough=json.dumps({"a": "x" * 4_000}, separators=(",", ":")))
    stored = commit_to({"passthrough": json.dumps({"b": "y" * 4_000})})
    audience = make_audience(draft.owner, make_learner(), default_terms=stored)

    add(client, draft, audience)

    assert list(json.loads(draft.passthrough)) == ["a"]
    assert draft.changes.get().sentence.endswith("unlike the audience: passthrough.")


@given(typed=TERMS, defaults=TERMS)
def test_nothing_typed_is_ever_changed(typed, defaults):
    terms = dict.fromkeys(NAMES) | typed

    changed, kept = audience_defaults.complete(terms, defaults)

    assert changed.keys() <= defaults.keys() - typed.keys() | {"passthrough"}
    for name, default in defaults.items():
        value = {**terms, **changed}[name]
        if name == "passthrough":
            own, more = json.loads(typed.get(name, "{}")), json.loads(default)
            assert value == to_compact_json({**own, **(more | own)})
            assert (name in kept) == (to_compact_json(json.loads(value) | more) != value)
        else:
            assert value == typed.get(name, default)
            assert (name in kept) == (value != default)
