"""Copying a batch to a new draft: what is copied, what is not, and the sentence about it."""

from datetime import date

import pytest

from assignments.models import Assignment, Content, Learner
from assignments.queries.failures import RETRYABLE
from assignments.services.picking import batch_copy
from tests.factories import AT, make_batch, make_content, make_learner, make_row, make_user

pytestmark = pytest.mark.django_db
DUE, OTHER = date(2027, 1, 15), date(2027, 2, 1)


def stored_rows(draft):
    """Return the draft's single rows: person, item and due date."""
    rows = draft.rows.order_by("learner__name", "content__title")
    return list(rows.values_list("learner__name", "content__title", "due_date"))


def items_of(draft):
    """Return the picked items with their own due dates."""
    picked = draft.picked_contents.order_by("content__title")
    return list(picked.values_list("content__title", "due_date"))


def people_of(draft):
    """Return the names of the picked people."""
    picked = draft.picked_learners.order_by("learner__name")
    return list(picked.values_list("learner__name", flat=True))


@pytest.fixture
def batch():
    """Return a batch of two people and two items, one of which has its own due date."""
    batch = make_batch(due_date=DUE, items=2)
    contents = [make_content(title=title) for title in ("Art", "Fire")]
    for name in ("Ada", "Ben"):
        learner = make_learner(name=name)
        for content, due in zip(contents, (DUE, OTHER), strict=True):
            position = batch.assignments.count() + 1
            state = {"state": "created", "learner": learner, "due_date": due}
            make_row(batch, content, position, state)
    return batch


def copy(batch, **options):
    """Copy the batch and return the draft and the sentence about it."""
    draft = batch_copy.copy_to_draft(batch=batch, owner_pk=make_user().pk, now=AT, **options)
    return draft, draft.changes.get().sentence


def test_a_whole_batch_is_copied_with_its_dates(batch):
    draft, sentence = copy(batch)

    assert (draft.due_date, people_of(draft)) == (DUE, ["Ada", "Ben"])
    assert items_of(draft) == [("Art", None), ("Fire", OTHER)]
    assert (stored_rows(draft), sentence) == ([], f"Copied from {batch}: 2 people.")


def test_rows_that_are_not_a_full_product_are_copied_one_by_one(batch):
    failed = Assignment.objects.filter(batch=batch, position__in=[1, 4])
    failed.update(state="rejected", response_status=400, problem="No.", remote_id="")

    draft, sentence = copy(batch, rows=RETRYABLE)

    assert (people_of(draft), items_of(draft)) == ([], [])
    assert stored_rows(draft) == [("Ada", "Art", None), ("Ben", "Fire", OTHER)]
    assert sentence == f"Copied from {batch}: 2 people."


def test_an_item_with_two_dates_is_copied_row_by_row(batch):
    Assignment.objects.filter(batch=batch, position=1).update(due_date=OTHER)

    draft, _ = copy(batch)

    assert stored_rows(draft)[0] == ("Ada", "Art", OTHER)
    assert len(stored_rows(draft)) == 4


def test_inactive_people_and_retired_content_are_named(batch):
    Learner.objects.filter(name="Ben").update(is_active=False)
    Content.objects.filter(title="Fire").update(is_active=False)

    draft, sentence = copy(batch)

    assert (people_of(draft), items_of(draft)) == (["Ada"], [("Art", None)])
    assert sentence == (
        f"Copied from {batch}: 1 person. Inactive in the LMS and not copied: Ben. "
        "Cannot be assigned any more: Fire."
    )


def test_at_most_ten_inactive_people_are_named(batch):
    for number in range(12):
        learner = make_learner(name=f"Inactive {number:02}", is_active=False)
        state = {"state": "created", "learner": learner}
        make_row(batch, batch.assignments.first().content, 10 + number, state)

    _, sentence = copy(batch)

    assert "Inactive 00, Inactive 01," in sentence
    assert sentence.endswith("Inactive 09 and 2 more.")


def test_a_batch_of_inactive_people_makes_an_empty_draft(batch):
    Learner.objects.update(is_active=False)

    draft, sentence = copy(batch)

    assert (people_of(draft), items_of(draft), stored_rows(draft)) == ([], [], [])
    assert sentence.startswith(f"Copied from {batch}: 0 people. Inactive")
