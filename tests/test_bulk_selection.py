"""Bulk selection: adding and excluding many people, the sentence about it, and undoing it."""

from datetime import timedelta

import pytest

from assignments.models import (
    Audience,
    Draft,
    DraftContent,
    DraftLearner,
    ExcludedLearner,
    Learner,
    RemoteAssignment,
    SelectionChange,
)
from assignments.queries import directory
from assignments.services.picking import bulk_selection, drafts
from tests.factories import AT, make_account, make_audience, make_content, make_learner, make_user

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(minutes=5)
NOBODY = Learner.objects.none()


@pytest.fixture
def owner():
    """Return a manager."""
    return make_user()


@pytest.fixture
def draft(owner):
    """Return an empty draft, created five minutes before LATER."""
    return drafts.create(account=make_account(), owner_pk=owner.pk, now=AT)


def people(*names):
    """Create active people with these names."""
    return [make_learner(name=name) for name in names]


def select(draft, *learners):
    """Select people in the draft."""
    for learner in learners:
        DraftLearner.objects.create(draft=draft, learner=learner)


def selected(draft):
    """Return the names of the selected people, sorted."""
    rows = DraftLearner.objects.filter(draft=draft).order_by("learner__name")
    return list(rows.values_list("learner__name", flat=True))


def add(draft, audience, owner, matching=NOBODY):
    """Add an audience and return the sentence about it."""
    options = {"audience": audience, "matching": matching, "by_pk": owner.pk}
    return bulk_selection.add_audience(draft=draft, **options, now=LATER).sentence


def assign_in_lms(content, *learners, status="pending"):
    """Store an assignment of the item in the LMS for each of the people."""
    for learner in learners:
        RemoteAssignment.objects.create(
            account=make_account(),
            remote_id=f"{content.pk}-{learner.pk}",
            learner=learner,
            content=content,
            status=status,
            first_seen_at=AT,
        )


def test_add_audience_selects_its_active_members_and_counts_the_others(draft, owner):
    ada, ben, cid = people("Ada", "Ben", "Cid")
    audience = make_audience(owner, ada, ben, cid)
    select(draft, ada)
    Learner.objects.filter(pk=cid.pk).update(is_active=False)

    sentence = add(draft, audience, owner)

    assert selected(draft) == ["Ada", "Ben"]
    assert sentence == (
        "Added 1 person from the audience “Sales”. 1 was selected already. "
        "1 is inactive in the LMS and not added."
    )
    assert Draft.objects.get(pk=draft.pk).changed_at == LATER
    audience.refresh_from_db()
    assert (audience.people, audience.used_by, audience.used_at) == (3, owner, LATER)


def test_add_audience_of_a_filter_selects_everybody_who_matches_now(draft, owner):
    audience = make_audience(owner, query="q=sales", people=7)
    people("Ada Sales", "Ben Sales", "Cid Legal")
    matching = directory.people(account_pk=draft.account_id, words="sales")

    sentence = add(draft, audience, owner, matching)

    assert selected(draft) == ["Ada Sales", "Ben Sales"]
    assert sentence == "Added 2 people from the audience “Sales”."
    audience.refresh_from_db()
    assert audience.people == 2


def test_add_audience_that_matches_nobody_reports_zero(draft, owner):
    assert add(draft, make_audience(owner, query="q=x"), owner) == (
        "Added 0 people from the audience “Sales”."
    )


def test_add_audience_refuses_more_than_a_batch_can_hold(draft, owner, monkeypatch):
    monkeypatch.setattr(drafts, "MAX_ROWS", 1)
    audience = make_audience(owner, *people("Ada", "Ben"))

    with pytest.raises(drafts.DraftRefused, match="Choose at most 1: narrow"):
        add(draft, audience, owner)

    audience.refresh_from_db()
    assert (selected(draft), draft.changes.count(), audience.used_at) == ([], 0, None)


@pytest.mark.parametrize("kind", ["fixed", "filter"])
def test_exclude_audience_deselects_its_people_and_put_back_selects_them(draft, owner, kind):
    ada, ben, cid = people("Ada Sales", "Ben Sales", "Cid")
    select(draft, ada, cid)
    audience = (
        make_audience(owner, ada, ben)
        if kind == "fixed"
        else make_audience(owner, query="q=sales", people=7)
    )
    matching = directory.people(account_pk=draft.account_id, words="sales")

    change = bulk_selection.exclude_audience(
        draft=draft, audience=audience, matching=matching, by_pk=owner.pk, now=LATER
    )

    assert (selected(draft), change.excluded_count) == (["Cid"], 1)
    assert change.sentence == "Left out 1 person who is in the audience “Sales”."

    for _ in range(2):
        bulk_selection.put_back(draft=draft, change_pk=change.pk, now=LATER)
    assert selected(draft) == ["Ada Sales", "Cid"]
    assert (SelectionChange.objects.count(), ExcludedLearner.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("completed", "remaining", "sentence"),
    [
        pytest.param(False, ["Cid"], "Left out 2 people who have Fire Safety.", id="has the item"),
        pytest.param(
            True,
            ["Ben", "Cid"],
            "Left out 1 person who has completed Fire Safety.",
            id="has completed it",
        ),
    ],
)
def test_exclude_holders_of_one_item(draft, completed, remaining, sentence):
    ada, ben, cid = people("Ada", "Ben", "Cid")
    content = make_content(title="Fire Safety")
    DraftContent.objects.create(draft=draft, content=content)
    select(draft, ada, ben, cid)
    assign_in_lms(content, ada, status="completed")
    assign_in_lms(content, ben, status="in_progress")
    assign_in_lms(make_content(), cid, status="completed")

    change = bulk_selection.exclude_holders(draft=draft, completed=completed, now=LATER)

    assert (selected(draft), change.sentence) == (remaining, sentence)


def test_exclude_holders_of_several_items_keeps_people_who_lack_one(draft):
    ada, ben = people("Ada", "Ben")
    contents = [make_content(), make_content()]
    for content in contents:
        DraftContent.objects.create(draft=draft, content=content)
        assign_in_lms(content, ada)
    assign_in_lms(contents[0], ben, status="completed")
    select(draft, ada, ben)

    change = bulk_selection.exclude_holders(draft=draft, completed=False, now=LATER)

    assert (selected(draft), change.sentence) == (["Ben"], "Left out 1 person who has all 2 items.")


def test_exclude_holders_requires_content(draft):
    with pytest.raises(drafts.DraftRefused, match="Choose the content first"):
        bulk_selection.exclude_holders(draft=draft, completed=False, now=LATER)


def test_put_back_does_not_touch_another_persons_draft(draft, owner):
    (ada,) = people("Ada")
    select(draft, ada)
    change = bulk_selection.exclude_audience(
        draft=draft,
        audience=make_audience(owner, ada),
        matching=NOBODY,
        by_pk=owner.pk,
        now=LATER,
    )
    other = drafts.create(account=draft.account, owner_pk=make_user().pk, now=AT)

    bulk_selection.put_back(draft=other, change_pk=change.pk, now=LATER)

    assert (selected(draft), selected(other)) == ([], [])


def test_clear_learners_deletes_the_history_of_bulk_changes(draft, owner):
    add(draft, make_audience(owner, *people("Ada")), owner)

    drafts.clear_learners(draft=draft, now=LATER)

    assert (selected(draft), draft.changes.count()) == ([], 0)


@pytest.mark.parametrize("count", [1, 3])
def test_add_audience_takes_a_constant_number_of_queries(
    draft, owner, django_assert_num_queries, count
):
    audience = make_audience(owner, *people("Ada", "Ben", "Cid")[:count])
    assert Audience.objects.get() == audience

    with django_assert_num_queries(10):
        add(draft, audience, owner)
