"""The approval page, what leads to it, and the mark that makes an item need one."""

from datetime import timedelta

import pytest
from django.urls import reverse

from assignments.models import Approval, Assignment, Batch, Content, Learner, LogEntry
from assignments.services.planning import frozen_plan
from assignments.services.submitting import approval
from tests.approval_fixtures import make_draft, make_second, make_waiting, words
from tests.conftest import NOON
from tests.factories import make_batch, make_content, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def url(batch):
    """Return the address of the approval page."""
    return reverse("batch-approval", args=[batch.pk])


def decide(client, batch, decision="approve", **more):
    """Press a button of the approval page."""
    asked = {"decision": decision, "plan_digest": batch.plan_digest, "why": ""}
    return client.post(url(batch), asked | more)


def state(batch):
    """Return the batch's state as it is now."""
    batch.refresh_from_db()
    return batch.state


@pytest.fixture
def batch(client):
    """Return a batch of Priya's that waits, with Daniel signed in."""
    client.force_login(make_second())
    return make_waiting()


def test_the_page_shows_the_plan_its_hash_and_that_nothing_changed(client, batch):
    said = words(client.get(url(batch)))

    assert "Approve 2 assignments?" in said
    assert batch.plan_digest in said
    assert "Why it needs approval Fire Safety is marked as mandatory." in said
    assert "Reason Policy DP-14" in said
    assert "Start 10 seconds after the approval" in said
    assert "Expires Thursday 26 November 2026, 12:00" in said
    assert "Nothing that we know of: the people are active" in said
    for row in batch.assignments.select_related("learner"):
        assert str(row.learner) in said


def test_the_page_names_what_changed_since_the_review(client, batch):
    first, second = Learner.objects.order_by("pk")
    Learner.objects.filter(pk=first.pk).update(is_active=False)
    second.remote_assignments.create(
        account=batch.account,
        remote_id="r-1",
        content=Content.objects.get(),
        first_seen_at=NOON + timedelta(minutes=1),
    )
    Content.objects.update(title="Fire Safety 2027")

    said = words(client.get(url(batch)))
    assert f"1 person became inactive and will be skipped: {first}." in said
    assert f"1 person got it meanwhile and will be skipped: {second}." in said
    assert "Fire Safety 2027 (was: Fire Safety) was changed in the LMS." in said
    Content.objects.update(is_active=False)
    assert "Fire Safety 2027 can no longer be assigned" in words(client.get(url(batch)))


def test_the_page_finds_people_and_tells_a_chosen_start(client):
    client.force_login(make_second())
    batch = make_waiting(starts_at=NOON + timedelta(days=1))
    person = batch.assignments.get(position=2).learner

    said = words(client.get(url(batch), {"q": person.name}))

    assert "1–1 of 1" in said
    assert "Start Tuesday 24 November 2026, 12:00" in said


@pytest.mark.parametrize("people", [pytest.param(1, id="one row"), pytest.param(3, id="three")])
def test_the_page_costs_the_same_however_many_rows(client, django_assert_num_queries, people):
    client.force_login(make_second())
    batch = make_waiting(people=people)

    with django_assert_num_queries(14):
        client.get(url(batch))


def test_approve_leads_to_the_batch_which_says_who_did(client, batch):
    answer = decide(client, batch, why="Checked with HR")

    assert (answer.status_code, answer["Location"]) == (302, f"/batches/{batch.pk}/")
    said = words(client.get(answer["Location"]))
    assert (state(batch), "Approved by Daniel Osei" in said) == ("waiting", True)
    assert "“Checked with HR”" in said
    assert "10 s until the first call" in said


def test_reject_leads_to_the_batch_which_says_why(client, batch):
    answer = decide(client, batch, "reject", why="Wrong course")

    said = words(client.get(answer["Location"]))
    assert (state(batch), "Rejected by Daniel Osei" in said) == ("rejected", True)
    assert "“Wrong course”" in said
    assert "Nothing was sent; Priya Mehta has the draft back." in said


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        pytest.param({"decision": "reject"}, "Say why you reject it", id="no reason"),
        pytest.param({"decision": ""}, "Press Approve or Reject.", id="no decision"),
        pytest.param({"decision": "maybe"}, "Press Approve or Reject.", id="no such decision"),
        pytest.param({"plan_digest": ""}, "This is not the plan that you looked at.", id="no hash"),
        pytest.param({"plan_digest": "f" * 64}, "This is not the plan", id="another hash"),
        pytest.param({"plan_digest": "f" * 65}, "This is not the plan", id="no hash at all"),
        pytest.param({"why": "x" * 501}, "Shorten the reason to 500", id="a long reason"),
    ],
)
def test_what_is_refused_is_said_on_the_page(client, batch, asked, sentence):
    answer = decide(client, batch, **asked)

    assert (answer.status_code, state(batch)) == (409, "approval")
    assert sentence in words(answer)
    assert "Approve this plan" in words(answer)


def test_the_submitter_sees_the_page_and_cannot_approve_by_it(client, batch):
    make_second(name="Eva", email="eva@northwind.example")
    client.force_login(batch.by)

    said = words(client.get(url(batch)))
    assert "Waiting for another manager" in said
    assert "another manager has to decide: Daniel Osei or Eva." in said
    assert "Approve this plan" not in said
    assert "Withdraw, back to draft" in said
    answer = decide(client, batch)
    assert (answer.status_code, state(batch)) == (409, "approval")
    assert "You submitted it, so another manager has to decide." in words(answer)


def test_the_second_tab_is_told_that_it_was_decided(client, batch):
    first, second = decide(client, batch), decide(client, batch, "reject", why="Too late")

    assert (first.status_code, second.status_code, state(batch)) == (302, 409, "waiting")
    assert "It no longer waits for an approval." in words(second)
    assert client.get(url(batch))["Location"] == f"/batches/{batch.pk}/"
    assert LogEntry.objects.filter(action__in=["batch.approved", "batch.rejected"]).count() == 1


def test_the_submitter_withdraws_on_the_page_of_the_batch(client, batch):
    draft = batch.submission_key
    client.force_login(batch.by)
    assert "Withdraw, back to draft" in words(client.get(f"/batches/{batch.pk}/"))

    answer = client.post(reverse("batch-action", args=[batch.pk, "withdraw"]))

    assert (answer["Location"], state(batch)) == (f"/assign/{draft}/", "cancelled")
    assert "Withdrawn by Priya Mehta" in words(client.get(f"/batches/{batch.pk}/"))


def test_nobody_starts_it_by_the_address_of_another_button(client, batch):
    answer = client.post(reverse("batch-action", args=[batch.pk, "start"]))

    assert (answer.status_code, state(batch)) == (409, "approval")
    assert "It waits for another manager&#x27;s approval" in answer.content.decode()


def test_an_approval_in_an_account_of_other_groups_does_not_exist(client, batch, settings):
    settings.ACCOUNT_GROUPS = {"sandbox": ["eu"]}

    assert client.get(url(batch)).status_code == 404
    assert (decide(client, batch).status_code, state(batch)) == (404, "approval")


def test_the_batch_page_leads_to_the_decision_and_an_auditor_only_reads(client, batch):
    page = f"/batches/{batch.pk}/"
    said = words(client.get(page))
    assert "Waiting for another manager's approval" in said
    assert "Review and decide" in said

    client.force_login(make_user("auditor"))
    said = words(client.get(page))
    assert "Fire Safety is marked as mandatory." in said
    assert "Review and decide" not in said
    assert "Withdraw" not in said


def test_what_needs_somebody_is_on_their_overview_and_in_the_list(client, batch):
    said = words(client.get("/"))
    assert "Hello, Daniel 1 batch runs or waits, 1 needs a decision." in said
    assert "Fire Safety 2 people, from Priya Mehta" in said
    assert "Review and decide about" in said
    listed = words(client.get("/batches/", {"tab": "needs-you"}))
    assert "Needs you 1" in listed
    assert "Waiting for your approval" in listed

    client.force_login(batch.by)
    said = words(client.get("/"))
    assert "Review and decide" not in said
    assert "1 batch runs or waits." in said
    assert "Waiting for approval" in said
    assert "Needs you 0" in words(client.get("/batches/", {"tab": "needs-you"}))


def test_an_auditor_is_asked_for_nothing(client, batch):
    client.force_login(make_user("auditor"))

    assert "Needs you 0" in words(client.get("/batches/", {"tab": "needs-you"}))


@pytest.mark.parametrize("count", [pytest.param(1, id="one"), pytest.param(3, id="three")])
def test_the_list_costs_the_same_however_many_wait(client, django_assert_num_queries, count):
    client.force_login(make_second())
    user = make_user()
    for _ in range(count):
        make_batch(["planned"], state="approval", by=user)
    with django_assert_num_queries(11):
        client.get("/batches/")


@pytest.mark.parametrize(
    ("verdict", "label"),
    [
        pytest.param("reject", "Not approved", id="rejected"),
        pytest.param("expire", "Approval expired", id="expired"),
    ],
)
def test_the_list_tells_how_it_ended(client, batch, verdict, label):
    if verdict == "reject":
        decide(client, batch, "reject", why="Wrong course")
    else:
        approval.expire_due(now=NOON + timedelta(hours=72))

    assert label in words(client.get("/batches/", {"tab": "done"}))
    assert f"/batches/{batch.pk}/" in client.get("/batches/").content.decode()


def test_the_review_says_before_that_it_will_wait_and_why(client):
    draft = make_draft(owner=make_user(), status="completed")
    client.force_login(draft.owner)
    frozen_plan.freeze(draft=draft, now=NOON)
    page = reverse("review", args=[draft.pk])

    said = words(client.get(page))
    assert "Needs a second person: Fire Safety is marked as mandatory." in said
    assert "Needs a second person: It tells the LMS that people have completed it." in said
    assert "It will wait for another manager's approval, for 72 hours at most." in said
    assert "Nobody who may give it has signed in yet" in said
    assert "Ready to ask for approval" in said
    make_second()
    assert "Nobody who may give it has signed in yet" not in words(client.get(page))


def test_the_entry_of_the_submission_says_why_it_needs_somebody(client, batch):
    seq = LogEntry.objects.get(action="batch.submitted").seq

    said = words(client.get(f"/audit/{seq}/"))

    assert (
        "expires at 2026-11-26T12:00:00+00:00, reasons Fire Safety is marked as mandatory." in said
    )


def test_submit_leads_to_a_batch_that_waits(client):
    draft = make_draft(owner=make_user())
    client.force_login(draft.owner)
    plan = frozen_plan.freeze(draft=draft, now=NOON)

    answer = client.post(
        reverse("submit", args=[draft.pk]), {"plan_digest": plan.plan_digest}, follow=True
    )

    assert "Waiting for another manager's approval" in words(answer)
    assert (Batch.objects.get().state, Approval.objects.count()) == ("approval", 1)
    assert set(Assignment.objects.values_list("state", flat=True)) == {"planned"}


def test_an_administrator_marks_content_as_mandatory_and_the_log_keeps_it(client):
    content = make_content(title="Fire Safety")
    client.force_login(make_user("admin"))
    mark = reverse("content-mandatory", args=[content.pk])

    for value in ("yes", "yes", "no"):
        answer = client.post(mark, {"is_mandatory": value})
        content.refresh_from_db()
        assert content.is_mandatory == (value == "yes")

    assert answer["Location"] == f"/content/{content.pk}/"
    actions = LogEntry.objects.order_by("seq").values_list("action", "result", "subject")
    assert list(actions) == [
        ("content.marked_mandatory", "mandatory", f"content/{content.pk}"),
        ("content.unmarked_mandatory", "not mandatory", f"content/{content.pk}"),
    ]
    assert "Mark as mandatory" in words(client.get(answer["Location"]))


def test_a_manager_sees_the_mark_and_cannot_take_it_away(client):
    content = make_content(is_mandatory=True)
    client.force_login(make_user("manager"))

    said = words(client.get(f"/content/{content.pk}/"))
    answer = client.post(reverse("content-mandatory", args=[content.pk]), {"is_mandatory": "no"})

    assert "Mandatory: batches of it need a second manager" in said
    assert "Remove the mark" not in said
    content.refresh_from_db()
    assert (answer.status_code, content.is_mandatory) == (403, True)
