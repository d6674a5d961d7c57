"""Creating and editing drafts: terms, content, people, and the messages of refusals."""

from datetime import date, timedelta

import pytest
from django.db import connection

from assignments.models import Assignment, Batch, Draft, DraftContent, DraftLearner
from assignments.models.sql import analyze
from assignments.services.picking import drafts
from assignments.services.planning import frozen_plan
from tests.factories import AT, make_account, make_batch, make_content, make_learner, make_user

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(minutes=5)
NO_REFERENCE = "it has no external reference in the LMS, which creating an assignment needs."


@pytest.fixture
def draft():
    """Return an empty draft, created five minutes before LATER."""
    return drafts.create(account=make_account(), owner_pk=make_user().pk, now=AT)


def picked(draft):
    """Return the ids of the people picked in the draft."""
    return set(DraftLearner.objects.filter(draft=draft).values_list("learner", flat=True))


def items(draft):
    """Return the ids of the items picked in the draft."""
    return set(DraftContent.objects.filter(draft=draft).values_list("content", flat=True))


def stored(draft):
    """Return the draft's terms and time of change as stored."""
    row = Draft.objects.get(pk=draft.pk)
    return row.due_date, row.status, row.progress, row.changed_at


def test_create_makes_an_empty_draft(draft):
    row = Draft.objects.get()

    assert (row.owner.name, row.account.name) == ("Priya Mehta", "Cornerstone")
    assert (row.created_at, *stored(row)) == (AT, None, "pending", None, AT)
    assert (picked(row), items(row), row.is_submitted) == (set(), set(), False)


@pytest.mark.parametrize("status", ["pending", "in_progress", "completed"])
def test_set_terms_keeps_progress_with_every_status(draft, status):
    due = date(2027, 1, 15)

    drafts.set_terms(draft=draft, due_date=due, status=status, progress=62.5, now=LATER)

    assert stored(draft) == (due, status, 62.5, LATER)


def test_add_content_picks_an_item_once(draft):
    content = make_content()

    for _ in range(2):
        drafts.add_content(draft=draft, content_pk=content.pk, now=LATER)

    assert [row.content for row in DraftContent.objects.filter(draft=draft)] == [content]
    assert stored(draft)[-1] == LATER


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        pytest.param(
            {"is_active": False},
            "Fire Safety cannot be assigned: it is retired in the LMS.",
            id="retired",
        ),
        pytest.param(
            {"external_reference": ""},
            f"Fire Safety cannot be assigned: {NO_REFERENCE}",
            id="no reference",
        ),
    ],
)
def test_add_content_refuses_what_cannot_be_assigned(draft, fields, sentence):
    content = make_content(title="Fire Safety", **fields)

    with pytest.raises(drafts.DraftRefused) as refusal:
        drafts.add_content(draft=draft, content_pk=content.pk, now=LATER)

    assert (str(refusal.value), items(draft), stored(draft)[-1]) == (sentence, set(), AT)


@pytest.mark.parametrize(
    "account",
    [
        pytest.param(None, id="an unknown id"),
        pytest.param("another", id="an item of another account"),
    ],
)
def test_add_content_refuses_unknown_content(draft, account):
    pk = 404 if account is None else make_content(other_account()).pk

    with pytest.raises(drafts.DraftRefused) as refusal:
        drafts.add_content(draft=draft, content_pk=pk, now=LATER)

    assert str(refusal.value) == "This item is no longer in the LMS. Search again."
    assert items(draft) == set()


def test_add_content_refuses_more_than_twenty(draft):
    contents = [make_content() for _ in range(21)]
    for content in contents[:20]:
        drafts.add_content(draft=draft, content_pk=content.pk, now=AT)

    drafts.add_content(draft=draft, content_pk=contents[0].pk, now=LATER)
    with pytest.raises(drafts.DraftRefused) as refusal:
        drafts.add_content(draft=draft, content_pk=contents[20].pk, now=LATER)

    assert str(refusal.value) == "Choose at most 20 items."
    assert items(draft) == {content.pk for content in contents[:20]}


def test_remove_content_drops_one_item(draft):
    stays, goes = make_content(), make_content()
    for content in (stays, goes):
        drafts.add_content(draft=draft, content_pk=content.pk, now=AT)

    drafts.remove_content(draft=draft, content_pk=goes.pk, now=LATER)

    assert (items(draft), stored(draft)[-1]) == ({stays.pk}, LATER)


def test_pick_learners_ignores_people_of_other_accounts(draft):
    learner, foreign = make_learner(), make_learner(other_account())

    pks = [learner.pk, foreign.pk, 10**6]
    count = drafts.pick_learners(draft=draft, learner_pks=pks, now=LATER)

    assert (count, picked(draft), stored(draft)[-1]) == (1, {learner.pk}, LATER)


def test_pick_learners_counts_nobody_twice(draft):
    first, second = make_learner(), make_learner()

    counts = [
        drafts.pick_learners(draft=draft, learner_pks=pks, now=LATER)
        for pks in ([first.pk], [first.pk, second.pk, second.pk], [])
    ]

    assert (counts, picked(draft)) == ([1, 2, 2], {first.pk, second.pk})


def test_pick_learners_splits_long_lists_into_chunks(draft, monkeypatch):
    monkeypatch.setattr(drafts, "CHUNK", 2)
    people = {make_learner().pk for _ in range(5)}

    assert drafts.pick_learners(draft=draft, learner_pks=people, now=LATER) == 5
    assert picked(draft) == people


def test_pick_learners_refuses_more_than_a_batch_can_hold(draft, monkeypatch):
    monkeypatch.setattr(drafts, "MAX_ROWS", 2)
    people = [make_learner().pk for _ in range(3)]

    with pytest.raises(drafts.DraftRefused, match=r"^That would be 3 people\. Choose"):
        drafts.pick_learners(draft=draft, learner_pks=people, now=LATER)

    assert (picked(draft), stored(draft)[-1]) == (set(), AT)


def test_pick_matching_picks_everybody_who_matches(draft):
    before, matching = make_learner(), make_learner()
    drafts.pick_learners(draft=draft, learner_pks=[before.pk], now=AT)
    people = type(matching).objects.filter(pk=matching.pk)

    assert drafts.pick_matching(draft=draft, people=people, now=LATER) == 2
    assert (picked(draft), stored(draft)[-1]) == ({before.pk, matching.pk}, LATER)


@pytest.mark.parametrize("already", [0, 1], ids=["too many match", "too many with the picked"])
def test_pick_matching_refuses_more_than_a_batch_can_hold(draft, monkeypatch, already):
    monkeypatch.setattr(drafts, "MAX_ROWS", 2)
    people = [make_learner() for _ in range(3)]
    before = {learner.pk for learner in people[:already]}
    drafts.pick_learners(draft=draft, learner_pks=before, now=AT)
    matching = type(people[0]).objects.exclude(pk__in=before)

    with pytest.raises(drafts.DraftRefused) as refusal:
        drafts.pick_matching(draft=draft, people=matching, now=LATER)

    sentence = "That would be 3 people. Choose at most 2: narrow the search."
    assert (str(refusal.value), picked(draft)) == (sentence, before)


def test_set_ticks_does_not_touch_people_who_are_not_shown(draft):
    elsewhere, unticked, ticked, never = (make_learner().pk for _ in range(4))
    drafts.pick_learners(draft=draft, learner_pks=[elsewhere, unticked], now=AT)

    count = drafts.set_ticks(
        draft=draft, shown=[unticked, ticked, never], learner=[ticked], now=LATER
    )

    assert (count, picked(draft), stored(draft)[-1]) == (2, {elsewhere, ticked}, LATER)


def test_set_ticks_unticks_nobody_if_it_is_refused(draft, monkeypatch):
    first, second, third = (make_learner().pk for _ in range(3))
    drafts.pick_learners(draft=draft, learner_pks=[first], now=AT)
    monkeypatch.setattr(drafts, "MAX_ROWS", 1)

    with pytest.raises(drafts.DraftRefused):
        drafts.set_ticks(draft=draft, shown=[first], learner=[second, third], now=LATER)

    assert picked(draft) == {first}


def test_clear_learners_deselects_everybody_of_this_draft(draft):
    other = drafts.create(account=draft.account, owner_pk=draft.owner_id, now=AT)
    learner = make_learner().pk
    for each in (draft, other):
        drafts.pick_learners(draft=each, learner_pks=[learner], now=AT)

    drafts.clear_learners(draft=draft, now=LATER)

    assert (picked(draft), picked(other), stored(draft)[-1]) == (set(), {learner}, LATER)


@pytest.mark.parametrize("choice", [pytest.param(True, id="again"), pytest.param(False, id="skip")])
def test_set_assigns_again_keeps_the_choice(draft, choice):
    drafts.set_assigns_again(draft=draft, assigns_again=choice, now=LATER)

    draft.refresh_from_db()
    assert (draft.assigns_again, draft.changed_at) == (choice, LATER)


def test_discard_deletes_the_plan_and_restore_brings_the_draft_back(draft):
    drafts.add_content(draft=draft, content_pk=make_content().pk, now=AT)
    drafts.pick_learners(draft=draft, learner_pks=[make_learner().pk], now=AT)
    frozen_plan.freeze(draft=draft, now=AT)
    assert (Batch.objects.count(), Assignment.objects.count()) == (1, 1)

    drafts.discard(draft=draft, now=LATER)

    assert (Batch.objects.count(), Assignment.objects.count()) == (0, 0)
    assert Draft.objects.get().discarded_at == LATER

    drafts.restore(draft=draft, now=LATER)

    assert (stored(draft)[3], Draft.objects.get().discarded_at) == (LATER, None)
    assert (len(picked(draft)), len(items(draft))) == (1, 1)


def test_delete_discarded_deletes_drafts_discarded_a_week_ago(draft):
    drafts.add_content(draft=draft, content_pk=make_content().pk, now=AT)
    drafts.pick_learners(draft=draft, learner_pks=[make_learner().pk], now=AT)
    kept = drafts.create(account=draft.account, owner_pk=draft.owner_id, now=AT)
    drafts.discard(draft=draft, now=AT)

    assert drafts.delete_discarded(now=AT + timedelta(days=7)) == 0
    assert drafts.delete_discarded(now=AT + timedelta(days=7, seconds=1)) == 1

    assert [*Draft.objects.all()] == [kept]
    assert (DraftContent.objects.count(), DraftLearner.objects.count()) == (0, 0)


def test_discard_keeps_a_submitted_batch(draft):
    batch = make_batch(["created"], submission_key=draft.pk)

    drafts.discard(draft=draft, now=LATER)

    assert (list(Batch.objects.all()), Assignment.objects.count()) == ([batch], 1)


def other_account():
    """Create a second linked account."""
    return type(make_account()).objects.create(remote_id="second", name="Docebo", synced_at=AT)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="ANALYZE is for PostgreSQL")
def test_freeze_analyzes_the_table_after_a_large_plan(draft, monkeypatch):
    monkeypatch.setattr(analyze, "MANY_ROWS", 2)
    drafts.add_content(draft=draft, content_pk=make_content().pk, now=AT)

    def estimated_rows():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT reltuples FROM pg_class WHERE relname = 'assignments_assignment'"
            )
            return cursor.fetchone()[0]

    estimates = []
    for _ in range(2):
        drafts.pick_learners(draft=draft, learner_pks=[make_learner().pk], now=AT)
        frozen_plan.freeze(draft=draft, now=AT)
        estimates.append(estimated_rows())

    assert estimates[0] != estimates[1] == 2
