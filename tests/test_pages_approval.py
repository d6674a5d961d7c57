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
    return reverse("batch-approval", args=[batch.number])


def decide(client, batch, decision="approve", **more):
    """Press a button of the approval page."""
    form = {"decision": decision, "plan_digest": batch.plan_digest, "why": ""}
    return client.post(url(batch), form | more)


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
    text = words(client.get(url(batch)))

    assert "Approve 2 assignments?" in text
    assert batch.plan_digest in text
    assert "Why it needs approval Fire Safety is marked as mandatory." in text
    assert "Reason Policy DP-14" in text
    assert "Start 10 seconds after the approval" in text
    assert "Expires Thursday 26 November 2026, 12:00" in text
    assert "Nothing that we know of: the people are active" in text
    for row in batch.assignments.select_related("learner"):
        assert str(row.learner) in text


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

    text = words(client.get(url(batch)))
    assert f"1 person became inactive and will be skipped: {first}." in text
    assert f"1 person got it meanwhile and will be skipped: {second}." in text
    assert "Fire Safety 2027 (was: Fire Safety) was changed in the LMS." in text
    Content.objects.update(is_active=False)
    assert "Fire Safety 2027 can no longer be assigned" in words(client.get(url(batch)))


def test_the_page_finds_people_and_shows_a_chosen_start(client):
    client.force_login(make_second())
    batch = make_waiting(starts_at=NOON + timedelta(days=1))
    person = batch.assignments.get(position=2).learner

    text = words(client.get(url(batch), {"q": person.name}))

    assert "1–1 of 1" in text
    assert "Start Tuesday 24 November 2026, 12:00" in text


@pytest.mark.parametrize("people", [pytest.param(1, id="one row"), pytest.param(3, id="three")])
def test_the_page_takes_the_same_queries_for_any_number_of_rows(
    client, django_assert_num_queries, people
):
    client.force_login(make_second())
    batch = make_waiting(people=people)

    with django_assert_num_queries(14):
        client.get(url(batch))


def test_approve_redirects_to_the_batch_which_names_the_approver(client, batch):
    response = decide(client, batch, why="Checked with HR")

    assert (response.status_code, response["Location"]) == (302, f"/batches/{batch.number}/")
    text = words(client.get(response["Location"]))
    assert (state(batch), "Approved by Daniel Osei" in text) == ("waiting", True)
    assert "“Checked with HR”" in text
    assert "10 s until the first call" in text


def test_reject_redirects_to_the_batch_which_shows_the_reason(client, batch):
    response = decide(client, batch, "reject", why="Wrong course")

    text = words(client.get(response["Location"]))
    assert (state(batch), "Rejected by Daniel Osei" in text) == ("rejected", True)
    assert "“Wrong course”" in text
    assert "Nothing was sent; Priya Mehta has the draft back." in text


@pytest.mark.parametrize(
    ("form", "sentence"),
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
def test_a_refusal_is_shown_on_the_page(client, batch, form, sentence):
    response = decide(client, batch, **form)

    assert (response.status_code, state(batch)) == (409, "approval")
    assert sentence in words(response)
    assert "Approve this plan" in words(response)


def test_the_submitter_sees_the_page_and_cannot_approve_by_it(client, batch):
    make_second(name="Eva", email="eva@northwind.example")
    client.force_login(batch.by)

    text = words(client.get(url(batch)))
    assert "Waiting for another manager" in text
    assert "another manager has to decide: Daniel Osei or Eva." in text
    assert "Approve this plan" not in text
    assert "Withdraw, back to draft" in text
    response = decide(client, batch)
    assert (response.status_code, state(batch)) == (409, "approval")
    assert "You submitted it, so another manager has to decide." in words(response)


def test_a_second_tab_shows_that_it_was_decided(client, batch):
    first, second = decide(client, batch), decide(client, batch, "reject", why="Too late")

    assert (first.status_code, second.status_code, state(batch)) == (302, 409, "waiting")
    assert "It no longer waits for an approval." in words(second)
    assert client.get(url(batch))["Location"] == f"/batches/{batch.number}/"
    assert LogEntry.objects.filter(action__in=["batch.approved", "batch.rejected"]).count() == 1


def test_the_submitter_withdraws_on_the_page_of_the_batch(client, batch):
    draft = batch.submission_key
    client.force_login(batch.by)
    assert "Withdraw, back to draft" in words(client.get(f"/batches/{batch.number}/"))

    response = client.post(reverse("batch-action", args=[batch.number, "withdraw"]))

    assert (response["Location"], state(batch)) == (f"/assign/{draft}/", "cancelled")
    assert "Withdrawn by Priya Mehta" in words(client.get(f"/batches/{batch.number}/"))


def test_the_url_of_start_now_refuses_a_batch_that_waits_for_approval(client, batch):
    response = client.post(reverse("batch-action", args=[batch.number, "start"]))

    assert (response.status_code, state(batch)) == (409, "approval")
    assert "It waits for another manager&#x27;s approval" in response.content.decode()


def test_an_approval_in_an_account_of_other_groups_does_not_exist(client, batch, settings):
    settings.ACCOUNT_GROUPS = {"sandbox": ["eu"]}

    assert client.get(url(batch)).status_code == 404
    assert (decide(client, batch).status_code, state(batch)) == (404, "approval")


def test_the_batch_page_leads_to_the_decision_and_an_auditor_only_reads(client, batch):
    page = f"/batches/{batch.number}/"
    text = words(client.get(page))
    assert "Waiting for another manager's approval" in text
    assert "Review and decide" in text

    client.force_login(make_user("auditor"))
    text = words(client.get(page))
    assert "Fire Safety is marked as mandatory." in text
    assert "Review and decide" not in text
    assert "Withdraw" not in text


def test_a_waiting_batch_is_on_the_approvers_overview_and_in_the_list(client, batch):
    text = words(client.get("/"))
    assert "Hello, Daniel 1 batch runs or waits, 1 needs a decision." in text
    assert "Fire Safety 2 people, from Priya Mehta" in text
    assert "Review and decide about" in text
    listed = words(client.get("/batches/", {"tab": "needs-you"}))
    assert "Needs you 1" in listed
    assert "Waiting for your approval" in listed

    client.force_login(batch.by)
    text = words(client.get("/"))
    assert "Review and decide" not in text
    assert "1 batch runs or waits." in text
    assert "Waiting for approval" in text
    assert "Needs you 0" in words(client.get("/batches/", {"tab": "needs-you"}))


def test_an_auditor_sees_no_request_for_approval(client, batch):
    client.force_login(make_user("auditor"))

    assert "Needs you 0" in words(client.get("/batches/", {"tab": "needs-you"}))


@pytest.mark.parametrize("count", [pytest.param(1, id="one"), pytest.param(3, id="three")])
def test_the_list_takes_the_same_queries_for_any_number_of_batches(
    client, django_assert_num_queries, count
):
    client.force_login(make_second())
    user = make_user()
    for _ in range(count):
        make_batch(["planned"], state="approval", by=user)
    with django_assert_num_queries(11):
        client.get("/batches/")


@pytest.mark.parametrize(
    ("decision", "label"),
    [
        pytest.param("reject", "Not approved", id="rejected"),
        pytest.param("expire", "Approval expired", id="expired"),
    ],
)
def test_the_list_shows_the_decision(client, batch, decision, label):
    if decision == "reject":
        decide(client, batch, "reject", why="Wrong course")
    else:
        approval.expire_due(now=NOON + timedelta(hours=72))

    assert label in words(client.get("/batches/", {"tab": "done"}))
    assert f"/batches/{batch.number}/" in client.get("/batches/").content.decode()


def test_the_review_page_says_that_and_why_approval_is_needed(client):
    draft = make_draft(owner=make_user(), status="completed")
    client.force_login(draft.owner)
    frozen_plan.freeze(draft=draft, now=NOON)
    page = reverse("review", args=[draft.pk])

    text = words(client.get(page))
    assert "Needs a second person: Fire Safety is marked as mandatory." in text
    assert "Needs a second person: It tells the LMS that people have completed it." in text
    assert "It will wait for another manager's approval, for 72 hours at most." in text
    assert "Nobody who may give it has signed in yet" in text
    assert "Ready to ask for approval" in text
    make_second()
    assert "Nobody who may give it has signed in yet" not in words(client.get(page))


def test_the_log_entry_of_the_submission_says_why_approval_is_needed(client, batch):
    seq = LogEntry.objects.get(action="batch.submitted").seq

    text = words(client.get(f"/audit/{seq}/"))

    assert (
        "expires at 2026-11-26T12:00:00+00:00, reasons Fire Safety is marked as mandatory." in text
    )


def test_submit_redirects_to_a_batch_that_waits_for_approval(client):
    draft = make_draft(owner=make_user())
    client.force_login(draft.owner)
    plan = frozen_plan.freeze(draft=draft, now=NOON)

    response = client.post(
        reverse("submit", args=[draft.pk]), {"plan_digest": plan.plan_digest}, follow=True
    )

    assert "Waiting for another manager's approval" in words(response)
    assert (Batch.objects.get().state, Approval.objects.count()) == ("approval", 1)
    assert set(Assignment.objects.values_list("state", flat=True)) == {"planned"}


def test_an_administrator_marks_content_as_mandatory_which_is_logged(client):
    content = make_content(title="Fire Safety")
    client.force_login(make_user("admin"))
    mark = reverse("content-mandatory", args=[content.pk])

    for value in ("yes", "yes", "no"):
        response = client.post(mark, {"is_mandatory": value})
        content.refresh_from_db()
        assert content.is_mandatory == (value == "yes")

    assert response["Location"] == f"/content/{content.pk}/"
    actions = LogEntry.objects.order_by("seq").values_list("action", "result", "subject")
    assert list(actions) == [
        ("content.marked_mandatory", "mandatory", f"content/{content.pk}"),
        ("content.unmarked_mandatory", "not mandatory", f"content/{content.pk}"),
    ]
    assert "Mark as mandatory" in words(client.get(response["Location"]))


def test_a_manager_sees_the_mark_and_cannot_remove_it(client):
    content = make_content(is_mandatory=True)
    client.force_login(make_user("manager"))

    text = words(client.get(f"/content/{content.pk}/"))
    response = client.post(reverse("content-mandatory", args=[content.pk]), {"is_mandatory": "no"})

    assert "Mandatory: batches of it need a second manager" in text
    assert "Remove the mark" not in text
    content.refresh_from_db()
    assert (response.status_code, content.is_mandatory) == (403, True)


def test_a_batch_that_may_have_been_split_is_shown_to_other_managers(client, batch):
    other = make_batch(["queued"], by=batch.by, state="running", submitted_at=NOON)
    Batch.objects.filter(pk=other.pk).update(split_with=[batch.number])
    sentence = "more rows than one person may send alone"

    client.force_login(make_second())
    assert sentence in words(client.get(reverse("home")))
    page = words(client.get(reverse("batch", args=[other.number])))
    assert f"submitted this within a day of {batch}" in page
    client.force_login(batch.by)
    assert sentence not in words(client.get(reverse("home")))
