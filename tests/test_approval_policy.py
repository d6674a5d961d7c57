"""Which batches need the approval of another manager, and that a submission asks for it."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model

from assignments.models import Approval, Assignment, Content
from assignments.queries.formatting import moment
from assignments.services.batches import control
from assignments.services.batches.control import ControlRefused
from assignments.services.picking import batch_copy
from assignments.services.planning import frozen_plan
from assignments.services.submitting import (
    approval,
    approval_policy,
    mandatory_content,
    submission,
)
from tests.approval_fixtures import LATER, entry, make_draft, make_second, make_waiting, submit
from tests.conftest import NOON
from tests.factories import make_actor, make_content, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("terms", "threshold", "reasons"),
    [
        pytest.param({}, None, [], id="nothing special"),
        pytest.param({}, 2, [], id="as many rows as may be"),
        pytest.param({}, 1, ["It has 2 rows (people x items), more than 1."], id="one row more"),
        pytest.param(
            {"status": "completed"},
            None,
            ["It tells the LMS that people have completed it."],
            id="completed",
        ),
        pytest.param(
            {"is_mandatory": True}, None, ["Fire Safety is marked as mandatory."], id="mandatory"
        ),
    ],
)
def test_reasons_say_why_a_plan_needs_approval(settings, terms, threshold, reasons):
    settings.APPROVAL_THRESHOLD = threshold
    is_mandatory = terms.pop("is_mandatory", False)
    draft = make_draft(owner=make_user(), **terms)
    Content.objects.update(is_mandatory=is_mandatory)

    batch = submit(draft)

    assert approval_policy.reasons(batch, now=NOON) == reasons
    assert batch.state == ("approval" if reasons else "waiting")
    assert Approval.objects.filter(batch=batch, approval_reasons=reasons).exists() == bool(reasons)


@pytest.mark.parametrize(
    ("days_ago", "is_own", "needs_approval"),
    [
        pytest.param(6, False, True, id="a few days ago"),
        pytest.param(7, False, False, id="a week ago"),
        pytest.param(400, True, True, id="by the submitter, long ago"),
    ],
)
def test_an_item_counts_as_mandatory_for_some_days_after_its_mark_was_removed(
    days_ago, is_own, needs_approval
):
    priya, admin = make_user(), make_user("admin")
    draft = make_draft(owner=priya)
    unmarked_at = NOON - timedelta(days=days_ago)
    mandatory_content.set_mandatory(
        content=Content.objects.get(),
        is_mandatory=False,
        by=make_actor(priya if is_own else admin),
        now=unmarked_at,
    )

    batch = submit(draft)

    sentence = f"Fire Safety was marked as mandatory until {moment(unmarked_at)}."
    assert approval_policy.reasons(batch, now=NOON) == [sentence] * needs_approval
    assert batch.state == ("approval" if needs_approval else "waiting")


def test_an_item_unmarked_by_another_account_of_the_submitter_counts_as_mandatory():
    priya = make_user(email="priya@northwind.example")
    again = make_user("admin", email=priya.email)
    draft = make_draft(owner=priya)
    mandatory_content.set_mandatory(
        content=Content.objects.get(),
        is_mandatory=False,
        by=make_actor(again),
        now=NOON - timedelta(days=400),
    )

    assert submit(draft).state == "approval"


def test_an_item_that_is_marked_again_is_mandatory():
    content, by = make_content(is_mandatory=True), make_actor(make_user("admin"))

    for is_mandatory in (False, True):
        mandatory_content.set_mandatory(content=content, is_mandatory=is_mandatory, by=by, now=NOON)

    content.refresh_from_db()
    assert (content.is_mandatory, content.unmarked_at, content.unmarked_by) == (True, None, "")


def test_a_mandatory_item_whose_rows_are_all_skipped_needs_no_approval():
    batch = submit(make_draft(owner=make_user()))
    Assignment.objects.update(state="skipped", problem="Skipped.", settled_at=NOON)

    assert approval_policy.reasons(batch, now=NOON) == []


def test_submission_stores_the_request_and_the_chosen_start(settings):
    settings.APPROVAL_HOURS = 5
    batch = make_waiting(starts_at=NOON + timedelta(days=1))

    request = batch.approval
    assert str(request) == f"Approval of {batch}"
    assert batch.starts_at == NOON + timedelta(days=1)
    assert (request.expires_at, request.plan_digest) == (
        NOON + timedelta(hours=5),
        batch.plan_digest,
    )
    assert entry("batch.submitted")["detail"]["approval"] == {
        "reasons": ["Fire Safety is marked as mandatory."],
        "expires_at": "2026-11-23T17:00:00+00:00",
    }


@pytest.mark.parametrize(
    "act",
    [control.undo, control.hold, control.start_now, control.pause, control.resume, control.stop],
)
def test_a_batch_that_waits_for_approval_refuses_every_other_action(act):
    batch = make_waiting()

    with pytest.raises(ControlRefused, match="waits for another manager's approval"):
        act(batch=batch, by=make_actor(batch.by), now=LATER)

    batch.refresh_from_db()
    assert batch.state == "approval"


def test_submitting_twice_requests_one_approval():
    draft = make_draft(owner=make_user())
    first = submit(draft)

    again = submission.submit(
        draft=draft,
        plan_digest=first.plan_digest,
        reason="",
        confirms_completed=True,
        by=make_actor(draft.owner),
        now=LATER,
    )

    assert (again, Approval.objects.count()) == (first, 1)


def test_a_batch_that_waits_for_approval_blocks_duplicates():
    batch = make_waiting()
    user = make_second()
    copy = batch_copy.copy_to_draft(batch=batch, owner_pk=user.pk, now=LATER)

    plan = frozen_plan.freeze(draft=copy, now=LATER)
    assert set(plan.assignments.values_list("state", flat=True)) == {"skipped"}

    approval.reject(batch=batch, by=make_actor(user), now=LATER, why="I do it")
    plan = frozen_plan.freeze(draft=copy, now=LATER)
    assert set(plan.assignments.values_list("state", flat=True)) == {"planned"}
    assert get_user_model().objects.count() == 2
