"""Batch numbers: given at submission, from 1 on, without gaps for plans that were not submitted."""

import pytest
from django.db import IntegrityError, transaction

from assignments.models import Batch, LogEntry
from assignments.services.planning.plan_csv import write_plan
from assignments.services.submitting import submission
from tests.concurrency import run_concurrently
from tests.factories import make_batch
from tests.test_submission import submit

pytestmark = [pytest.mark.core, pytest.mark.django_db]


def numbers():
    """Return the numbers of the submitted batches, in the order of their submission."""
    submitted = Batch.objects.filter(submitted_at__isnull=False).order_by("pk")
    return list(submitted.values_list("number", flat=True))


def review(desk):
    """Return a draft and its plan, as a function that submits the plan."""
    draft = desk.draft(assigns_again=True)
    plan = desk.review(draft)
    return lambda: submit(desk, draft, plan)


def fail(desk):
    """Submit a plan in a transaction that is rolled back, as it is if the process is killed."""
    submit_plan = review(desk)
    with transaction.atomic():
        assert submit_plan().number
        transaction.set_rollback(True)


def test_only_a_submission_takes_a_number(desk):
    first, _discarded, second, third = (review(desk) for _ in range(4))
    batch = first()
    fail(desk)
    assert first() == batch
    with pytest.raises(submission.SubmissionRefused):
        submit(desk, desk.draft(), Batch(plan_digest="f" * 64))
    third()
    fail(desk)
    second()

    assert sorted(numbers()) == [1, 2, 3]
    assert (str(batch), batch.ref) == ("B-0001", "batch/1")
    entries = LogEntry.objects.filter(action="batch.submitted").order_by("seq")
    assert list(entries.values_list("batch", flat=True)) == ["batch/1", "batch/2", "batch/3"]


def test_submissions_at_the_same_time_take_different_numbers(transactional_db, desk):
    run_concurrently(*(review(desk) for _ in range(4)))

    assert sorted(numbers()) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"number": 401}, id="the number of another batch"),
        pytest.param({"number": None}, id="a submitted batch without a number"),
        pytest.param({"state": "planned", "submitted_at": None, "number": 7}, id="a plan with one"),
    ],
)
def test_the_database_refuses_other_numbers(fields):
    make_batch(number=401)

    with pytest.raises(IntegrityError), transaction.atomic():
        make_batch(**fields)


def test_the_file_of_a_plan_is_logged_with_its_draft(desk, tmp_path):
    plan = desk.review(desk.draft())

    with (tmp_path / "plan.csv").open("wb") as file:
        write_plan(batch=plan, by=desk.by, now=desk.clock(), out=file)

    entry = LogEntry.objects.get(action="plan.downloaded")
    assert (entry.subject, entry.batch) == (f"draft/{plan.submission_key}", "")
