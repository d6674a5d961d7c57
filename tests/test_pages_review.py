"""Review: the frozen plan, the choice about who has it already, and submitting it."""

import re
from datetime import date

import pytest
from django.urls import reverse

from assignments.models import (
    Batch,
    Draft,
    DraftContent,
    DraftLearner,
    DraftRow,
    Learner,
    LogEntry,
    RemoteAssignment,
)
from tests.factories import (
    AT,
    make_account,
    make_batch,
    make_content,
    make_learner,
    make_row,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(client, clock):
    """Return a signed-in manager's draft: one item, two people of thirty."""
    manager = make_user("manager")
    client.force_login(manager)
    draft = Draft.objects.create(
        account=make_account(),
        owner=manager,
        due_date=date(2027, 1, 15),
        created_at=AT,
        changed_at=AT,
    )
    DraftContent.objects.create(draft=draft, content=make_content(title="Fire Safety"))
    for number in range(30):
        learner = make_learner(name=f"Person {number:02}")
        if number < 2:
            DraftLearner.objects.create(draft=draft, learner=learner)
    return draft


def url(draft, name="review"):
    """Return the address of a page or an act of the draft."""
    return reverse(name, args=[draft.pk])


def words(response):
    """Return what a page says, without markup and on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def reviewed(client, draft, **changes):
    """Change the draft, freeze it, and return the plan."""
    Draft.objects.filter(pk=draft.pk).update(**changes)
    client.post(url(draft))
    return Batch.objects.get(submission_key=draft.pk)


def submit(client, draft, plan, **more):
    """Press the button of the page that showed the plan."""
    return client.post(url(draft, "submit"), {"plan_digest": plan.plan_digest, **more})


def test_review_shows_the_frozen_plan(client, draft):
    plan = reviewed(client, draft)

    response = client.get(url(draft))

    text, html = words(response), response.content.decode()
    assert "Check and create 2 assignments" in text
    assert "Nothing has been sent to Cornerstone yet." in text
    assert "Friday 15 January 2027, end of day in London" in text
    assert "Sent as 2027-01-15T23:59:59.000Z" in text
    assert f'value="{plan.plan_digest}"' in html
    assert "Person 00" in text
    assert "Person 01" in text
    assert "Sending starts after 10 seconds" in text


def test_review_shows_the_first_request_without_the_api_key(client, draft, settings):
    settings.STACKONE_API_KEY = "canary-key-0123456789"
    reviewed(client, draft)

    html = client.get(url(draft)).content.decode()

    assert "POST http://127.0.0.1:9100/unified/lms/users/" in html
    assert "Authorization: (hidden)" in html
    assert "&quot;due_date&quot;: &quot;2027-01-15T23:59:59.000Z&quot;" in html
    assert "canary" not in html


@pytest.mark.parametrize("count", [pytest.param(1, id="one row"), pytest.param(3, id="three rows")])
def test_review_takes_the_same_queries_for_any_number_of_people(
    client, draft, django_assert_num_queries, count
):
    DraftLearner.objects.filter(draft=draft).delete()
    for _ in range(count):
        DraftLearner.objects.create(draft=draft, learner=make_learner())
    reviewed(client, draft)
    with django_assert_num_queries(17):
        client.get(url(draft))


@pytest.mark.parametrize(
    ("changes", "caution"),
    [
        pytest.param({"due_date": date(2027, 1, 16)}, "The due date is a Saturday.", id="weekend"),
        pytest.param(
            {"due_date": date(2026, 11, 24)},
            "The due date is tomorrow.",
            id="soon",
        ),
        pytest.param(
            {"due_date": date(2029, 1, 15)}, "The due date is more than two years away.", id="far"
        ),
    ],
)
def test_review_warns_about_the_due_date(client, draft, changes, caution):
    reviewed(client, draft, **changes)

    assert caution in words(client.get(url(draft)))


def test_review_warns_about_many_people(client, draft, monkeypatch):
    monkeypatch.setattr("assignments.views.review.MANY_COMPLETED", 2)
    for number in range(3):
        DraftLearner.objects.create(draft=draft, learner=make_learner(name=f"More {number}"))
    RemoteAssignment.objects.create(
        account=draft.account,
        remote_id="r-1",
        learner=draft.picked_learners.first().learner,
        content=draft.picked_contents.get().content,
        first_seen_at=AT,
    )
    reviewed(client, draft, status="completed", due_date=None)

    text = words(client.get(url(draft)))

    assert "This is more than a tenth of everybody in the directory." in text
    assert "4 people will count as having completed it." in text
    assert "No due date" in text


def test_review_offers_to_assign_again_to_people_who_have_the_item(client, draft):
    holder = draft.picked_learners.first().learner
    RemoteAssignment.objects.create(
        account=draft.account,
        remote_id="r",
        learner=holder,
        first_seen_at=AT,
        content=draft.picked_contents.get().content,
    )
    first = reviewed(client, draft)
    text = words(client.get(url(draft)))
    assert "Check and create 1 assignment" in text
    assert "1 is skipped. They already have it in the LMS." in text

    client.post(url(draft), {"again": "yes"})

    second = Batch.objects.get(submission_key=draft.pk)
    assert second.plan_digest != first.plan_digest
    assert "Check and create 2 assignments" in words(client.get(url(draft)))


def test_submit_redirects_to_the_batch_also_the_second_time(client, draft):
    plan = reviewed(client, draft)

    answers = [submit(client, draft, plan, reason="Policy DP-14") for _ in range(2)]

    batch = Batch.objects.get()
    assert [a["Location"] for a in answers] == [reverse("batch", args=[batch.number])] * 2
    assert (batch.state, batch.reason) == ("waiting", "Policy DP-14")
    assert LogEntry.objects.filter(action="batch.submitted").count() == 1
    assert client.get(url(draft))["Location"] == reverse("batch", args=[batch.number])


def test_submit_of_a_stale_page_is_refused(client, draft):
    seen = reviewed(client, draft)
    DraftLearner.objects.filter(draft=draft).earliest("pk").delete()
    reviewed(client, draft)

    answer = submit(client, draft, seen)

    assert answer.status_code == 422
    assert "This plan changed since you looked. Review it again." in words(answer)
    assert "Update the plan" in words(answer)
    assert Batch.objects.get().state == "planned"


def test_submit_needs_the_confirmation_of_completed(client, draft):
    plan = reviewed(client, draft, status="completed")

    refused = submit(client, draft, plan, reason="kept")
    assert "Confirm that these people have completed it." in words(refused)
    assert "kept" in refused.content.decode()

    submit(client, draft, plan, confirms_completed="on")
    assert Batch.objects.get().state == "approval"


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        pytest.param({"plan_digest": ""}, "This plan changed since you looked.", id="no plan"),
        pytest.param({"reason": "x" * 501}, "Shorten the reason to 500 characters.", id="long"),
    ],
)
def test_submit_refuses_an_invalid_form(client, draft, sent, sentence):
    plan = reviewed(client, draft)

    answer = client.post(url(draft, "submit"), {"plan_digest": plan.plan_digest, **sent})

    assert answer.status_code == 422
    assert sentence in words(answer)


def test_review_names_a_paused_account_and_submit_refuses(client, draft):
    plan = reviewed(client, draft)
    make_account(paused_at=AT, pause_reason="StackOne refused the key.")

    assert "Not ready" in words(client.get(url(draft)))
    assert "Sending is paused. StackOne refused the key." in words(submit(client, draft, plan))


def test_review_without_a_plan_redirects_to_the_draft(client, draft):
    assert client.get(url(draft))["Location"] == url(draft, "assign")


def test_review_of_a_draft_that_cannot_be_frozen_redirects_to_it(client, draft):
    DraftLearner.objects.all().delete()

    assert client.post(url(draft))["Location"] == url(draft, "assign")


def test_nobody_reviews_or_submits_somebody_elses_draft(client, draft):
    plan = reviewed(client, draft)
    client.force_login(make_user("manager", email="daniel@northwind.example"))

    assert client.get(url(draft)).status_code == 404
    assert submit(client, draft, plan).status_code == 404
    assert Batch.objects.get().state == "planned"


@pytest.mark.parametrize(
    ("entered", "text"),
    [
        pytest.param("", "Empty starts it right away. The time is that of London.", id="nothing"),
        pytest.param(
            "2026-12-01T08:00",
            "Starts Tuesday 1 December 2026, 08:00 (Europe/London).",
            id="a time",
        ),
        pytest.param("2026-11-23T08:00", "This start has passed.", id="the past"),
        pytest.param("2027-02-01T08:00", "It would start after the due date.", id="too late"),
        pytest.param("soon", "Write the start as a date and time", id="no time at all"),
    ],
)
def test_review_says_the_start_in_words(client, draft, entered, text):
    reviewed(client, draft)

    response = client.get(url(draft, "review-start"), {"starts_at": entered})

    assert (response.status_code, text in words(response)) == (200, True)


def test_a_start_of_a_draft_without_a_plan_is_not_found(client, draft):
    assert client.get(url(draft, "review-start")).status_code == 404


def test_submit_schedules_the_start(client, draft):
    plan = reviewed(client, draft)

    response = submit(client, draft, plan, starts_at="2026-12-01T08:00")

    plan.refresh_from_db()
    text = words(client.get(response["Location"]))
    assert (plan.state, plan.starts_at.isoformat()) == ("waiting", "2026-12-01T08:00:00+00:00")
    assert "Scheduled Starts Tuesday 1 December 2026, 08:00 (Europe/London)" in text
    assert all(button in text for button in ("Undo, back to draft", "Hold", "Start now"))
    for page in ("/", "/batches/"):
        assert "Starts 1 Dec 2026, 08:00" in words(client.get(page))


def test_a_scheduled_batch_sends_no_updates_while_it_waits(client, draft):
    plan = reviewed(client, draft)
    address = submit(client, draft, plan, starts_at="2026-12-01T08:00")["Location"]
    page = client.get(address)

    again = client.get(f"{address}progress", {"seen": page.context["token"]})

    assert again.status_code == 204


@pytest.mark.parametrize(
    ("entered", "text"),
    [
        pytest.param("2027-03-28T01:30", "The clocks go forward on 28 March", id="no such hour"),
        pytest.param("2026-11-23T11:00", "This start has passed.", id="the past"),
    ],
)
def test_submit_refuses_a_start_and_keeps_what_was_entered(client, draft, entered, text):
    plan = reviewed(client, draft, due_date=None)

    response = submit(client, draft, plan, starts_at=entered)

    plan.refresh_from_db()
    assert (response.status_code, plan.state) == (422, "planned")
    assert text in words(response)
    assert f'value="{entered}"' in response.content.decode()


def test_review_names_what_is_picked_and_in_a_file_as_well(client, draft):
    learner = draft.picked_learners.first().learner
    content = draft.picked_contents.get().content
    DraftRow.objects.create(
        draft=draft, learner=learner, content=content, due_date=date(2027, 3, 1)
    )

    plan = reviewed(client, draft)

    text = words(client.get(url(draft)))
    assert (plan.rows, plan.people, plan.duplicate_rows, plan.has_several_due_dates) == (
        2,
        2,
        1,
        True,
    )
    assert "1 row is both picked and in the file." in text
    assert "Friday 15 January 2027 1 row Monday 1 March 2027 1 row" in text
    assert "1 Mar 2027" in text


def test_review_names_an_address_that_several_people_share(client, draft):
    for picked in draft.picked_learners.all():
        picked.learner.email = "shared@northwind.example"
        picked.learner.save()
    reviewed(client, draft)

    text = words(client.get(url(draft)))

    assert "Several people share an e-mail address: shared@northwind.example." in text


def test_review_names_who_assigns_the_same_now(client, draft):
    learner = draft.picked_learners.first().learner
    batch = make_batch([], state="running", by_name="Daniel Osei")
    make_row(
        batch, draft.picked_contents.get().content, 1, {"state": "planned", "learner": learner}
    )
    reviewed(client, draft)

    assert f"Being assigned now by Daniel Osei ({batch})." in words(client.get(url(draft)))


def test_review_names_people_who_left_and_refuses_retired_content(client, draft):
    plan = reviewed(client, draft)
    learner = draft.picked_learners.first().learner
    learner.is_active = False
    learner.save()
    content = draft.picked_contents.get().content
    content.is_active = False
    content.save()

    text = words(client.get(url(draft)))

    assert "Not ready" in text
    assert "Fire Safety was retired in the LMS since the list was frozen." in text
    assert "1 person left the directory since the list was frozen" in text
    assert "Fire Safety was retired in the LMS since you looked" in words(
        submit(client, draft, plan)
    )


def test_review_refuses_when_all_are_skipped_or_the_due_date_has_passed(client, draft, clock):
    Learner.objects.update(is_active=False)
    plan = reviewed(client, draft, due_date=date(2026, 11, 23))
    Batch.objects.update(due_at=AT)

    text = words(client.get(url(draft)))

    assert "Every row is skipped." in text
    assert "The due date has passed. Choose a later one in the draft." in text
    assert "The due date has passed." in words(submit(client, draft, plan))


def test_a_person_removed_after_the_review_gets_nothing(client, draft, clock):
    plan = reviewed(client, draft)
    clock.shift(5)
    removed = draft.picked_learners.first().learner_id
    client.post(url(draft, "assign-pick"), {"shown": [removed], "learner": []})

    text = words(submit(client, draft, plan))

    assert "The draft changed after this review, perhaps in another tab." in text
    assert not Draft.objects.get().is_submitted
    text = words(client.get(url(draft)))
    assert "The draft changed after the review: 2 to create then, 1 now." in text
    submit(client, draft, Batch.objects.get())
    assert Draft.objects.get().is_submitted
    assert not Batch.objects.get().assignments.filter(learner=removed).exists()


def an_hour_later(client, draft, clock):
    """Let so much time pass that a plan is old and a session has ended, and sign in again."""
    clock.shift(3_700)
    client.force_login(draft.owner)


def test_an_expired_plan_is_frozen_again_on_the_page(client, draft, clock):
    first = reviewed(client, draft)
    an_hour_later(client, draft, clock)
    text = words(client.get(url(draft)))
    assert "It was checked again: nothing has changed." in text
    Learner.objects.filter(pk=draft.picked_learners.first().learner_id).update(is_active=False)
    an_hour_later(client, draft, clock)

    text = words(client.get(url(draft)))

    second = Batch.objects.get(submission_key=draft.pk)
    assert "checked again: 1 of the people are inactive in the LMS; 1 of 2 remain." in text
    assert second.plan_digest != first.plan_digest


def test_an_expired_plan_that_cannot_be_frozen_again_redirects_to_the_draft(client, draft, clock):
    plan = reviewed(client, draft)
    DraftLearner.objects.all().delete()
    an_hour_later(client, draft, clock)

    assert "This plan is older than an hour." in words(submit(client, draft, plan))
    assert client.get(url(draft))["Location"] == url(draft, "assign")


def test_rows_of_a_plan_are_searched(client, draft):
    for picked in draft.picked_learners.select_related("learner"):
        picked.learner.search_text = picked.learner.name.lower()
        picked.learner.save()
    reviewed(client, draft)

    text = words(client.get(url(draft), {"q": "person 01"}))
    nobody = words(client.get(url(draft), {"q": "nobody at all"}))

    assert ("Person 01" in text, "Person 00" in text) == (True, False)
    assert "Nobody in this plan matches" in nobody


def test_a_plan_is_downloaded_as_csv_and_the_download_is_logged(client, draft):
    DraftLearner.objects.create(draft=draft, learner=make_learner(name="=1+1", is_active=False))
    reviewed(client, draft)

    answer = client.get(url(draft, "review-file"))

    lines = b"".join(answer).decode().splitlines()
    entry = LogEntry.objects.get(action="plan.downloaded")
    assert lines[0].startswith("\ufeffRow,Person,E-mail,Employee ID")
    assert len(lines) == 4
    assert "'=1+1" in lines[1]
    assert "Skipped,They are inactive in the LMS." in lines[1]
    assert "2027-01-15,2027-01-15 23:59:59,Created," in lines[2]
    assert entry.subject == f"draft/{draft.pk}"


def test_a_file_of_no_plan_is_not_found(client, draft):
    assert client.get(url(draft, "review-file")).status_code == 404
