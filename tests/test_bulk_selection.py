"""Adding and leaving out many people of a draft at once, what is said of it, and back again."""

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
    """Return an empty draft, made some minutes ago."""
    return drafts.start(account=make_account(), owner_pk=owner.pk, now=AT)


def people(*names):
    """Return active people of these names, who are found by them."""
    return [make_learner(name=name) for name in names]


def select(draft, *learners):
    """Select people in the draft."""
    for learner in learners:
        DraftLearner.objects.create(draft=draft, learner=learner)


def selected(draft):
    """Return the names of who is selected."""
    rows = DraftLearner.objects.filter(draft=draft).order_by("learner__name")
    return list(rows.values_list("learner__name", flat=True))


def add(draft, audience, owner, matching=NOBODY):
    """Add an audience and return what is said of it."""
    who = {"audience": audience, "matching": matching, "by_pk": owner.pk}
    return bulk_selection.add_audience(draft=draft, **who, now=LATER).said


def hold(content, *learners, status="pending"):
    """Let the LMS hold the item for people."""
    for learner in learners:
        RemoteAssignment.objects.create(
            account=make_account(),
            remote_id=f"{content.pk}-{learner.pk}",
            learner=learner,
            content=content,
            status=status,
            first_seen_at=AT,
        )


def test_add_audience_selects_its_active_members_and_says_who_is_not_added(draft, owner):
    ada, ben, cid = people("Ada", "Ben", "Cid")
    audience = make_audience(owner, ada, ben, cid)
    select(draft, ada)
    Learner.objects.filter(pk=cid.pk).update(is_active=False)

    said = add(draft, audience, owner)

    assert selected(draft) == ["Ada", "Ben"]
    assert said == (
        "Added 1 person from the audience “Sales”. 1 was selected already. "
        "1 is inactive in the LMS and not added."
    )
    assert Draft.objects.get(pk=draft.pk).changed_at == LATER
    audience.refresh_from_db()
    assert (audience.people, audience.used_by, audience.used_at) == (3, owner, LATER)


def test_add_audience_of_a_filter_selects_who_matches_by_then(draft, owner):
    audience = make_audience(owner, query="q=sales", people=7)
    people("Ada Sales", "Ben Sales", "Cid Legal")
    matching = directory.people(account_pk=draft.account_id, words="sales")

    said = add(draft, audience, owner, matching)

    assert selected(draft) == ["Ada Sales", "Ben Sales"]
    assert said == "Added 2 people from the audience “Sales”."
    audience.refresh_from_db()
    assert audience.people == 2


def test_add_audience_that_finds_nobody_says_so(draft, owner):
    assert add(draft, make_audience(owner, query="q=x"), owner) == (
        "Added 0 people from the audience “Sales”."
    )


def test_add_audience_refuses_more_than_a_batch_can_hold(draft, owner, monkeypatch):
    monkeypatch.setattr(drafts, "MOST_ROWS", 1)
    audience = make_audience(owner, *people("Ada", "Ben"))

    with pytest.raises(drafts.DraftRefused, match="Choose at most 1: narrow"):
        add(draft, audience, owner)

    audience.refresh_from_db()
    assert (selected(draft), draft.changes.count(), audience.used_at) == ([], 0, None)


@pytest.mark.parametrize("kind", ["fixed", "filter"])
def test_leave_out_audience_takes_its_people_out_and_put_back_selects_them(draft, owner, kind):
    ada, ben, cid = people("Ada Sales", "Ben Sales", "Cid")
    select(draft, ada, cid)
    audience = (
        make_audience(owner, ada, ben)
        if kind == "fixed"
        else make_audience(owner, query="q=sales", people=7)
    )
    matching = directory.people(account_pk=draft.account_id, words="sales")

    change = bulk_selection.leave_out_audience(
        draft=draft, audience=audience, matching=matching, by_pk=owner.pk, now=LATER
    )

    assert (selected(draft), change.left_out) == (["Cid"], 1)
    assert change.said == "Left out 1 person who is in the audience “Sales”."

    for _ in range(2):
        bulk_selection.put_back(draft=draft, change_pk=change.pk, now=LATER)
    assert selected(draft) == ["Ada Sales", "Cid"]
    assert (SelectionChange.objects.count(), ExcludedLearner.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("completed", "left", "said"),
    [
        pytest.param(
            False, ["Cid"], "Left out 2 people who have Fire Safety.", id="who has the item"
        ),
        pytest.param(
            True,
            ["Ben", "Cid"],
            "Left out 1 person who has completed Fire Safety.",
            id="who has completed it",
        ),
    ],
)
def test_leave_out_holders_of_one_item(draft, completed, left, said):
    ada, ben, cid = people("Ada", "Ben", "Cid")
    content = make_content(title="Fire Safety")
    DraftContent.objects.create(draft=draft, content=content)
    select(draft, ada, ben, cid)
    hold(content, ada, status="completed")
    hold(content, ben, status="in_progress")
    hold(make_content(), cid, status="completed")

    change = bulk_selection.leave_out_holders(draft=draft, completed=completed, now=LATER)

    assert (selected(draft), change.said) == (left, said)


def test_leave_out_holders_of_several_items_keeps_who_lacks_one(draft):
    ada, ben = people("Ada", "Ben")
    contents = [make_content(), make_content()]
    for content in contents:
        DraftContent.objects.create(draft=draft, content=content)
        hold(content, ada)
    hold(contents[0], ben, status="completed")
    select(draft, ada, ben)

    change = bulk_selection.leave_out_holders(draft=draft, completed=False, now=LATER)

    assert (selected(draft), change.said) == (["Ben"], "Left out 1 person who has all 2 items.")


def test_leave_out_holders_wants_the_content_first(draft):
    with pytest.raises(drafts.DraftRefused, match="Choose the content first"):
        bulk_selection.leave_out_holders(draft=draft, completed=False, now=LATER)


def test_put_back_leaves_somebody_elses_draft_alone(draft, owner):
    (ada,) = people("Ada")
    select(draft, ada)
    change = bulk_selection.leave_out_audience(
        draft=draft,
        audience=make_audience(owner, ada),
        matching=NOBODY,
        by_pk=owner.pk,
        now=LATER,
    )
    other = drafts.start(account=draft.account, owner_pk=make_user().pk, now=AT)

    bulk_selection.put_back(draft=other, change_pk=change.pk, now=LATER)

    assert (selected(draft), selected(other)) == ([], [])


def test_clear_forgets_how_the_selection_came_about(draft, owner):
    add(draft, make_audience(owner, *people("Ada")), owner)

    drafts.clear(draft=draft, now=LATER)

    assert (selected(draft), draft.changes.count()) == ([], 0)


@pytest.mark.parametrize("count", [1, 3])
def test_acts_cost_the_same_however_many(draft, owner, django_assert_num_queries, count):
    audience = make_audience(owner, *people("Ada", "Ben", "Cid")[:count])
    assert Audience.objects.get() == audience

    with django_assert_num_queries(9):
        add(draft, audience, owner)
