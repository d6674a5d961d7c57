"""The list of batches and the page of a batch."""

import json
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth import get_user
from django.urls import reverse
from django.utils import timezone

from assignments.models import Draft, LogEntry, Worker
from assignments.services.sending import call_counts
from tests.factories import (
    AT,
    log_submission,
    make_account,
    make_batch,
    make_content,
    make_learner,
    make_row,
)
from tests.factories import make_user as user

pytestmark = pytest.mark.django_db

RETRY_REFUSED = "None of these rows can be sent again: they are settled or still being processed."
EVERY_STATE = [
    "planned",
    "queued",
    "sending",
    "unknown",
    "confirmed",
    "created",
    "rejected",
    "skipped",
]


@pytest.fixture
def manager(client):
    """Return a signed-in manager's client."""
    client.force_login(user("manager"))
    return client


@pytest.fixture
def auditor(client):
    """Return a signed-in auditor's client."""
    client.force_login(user("auditor"))
    return client


def words(response):
    """Return the text of a page on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_batches_are_listed_newest_first_with_their_state(manager):
    make_batch(["created", "rejected"], title="Fire Safety")
    make_batch(["queued"], title="Phishing Basics", state="running")

    text = words(manager.get("/batches/"))

    assert text.index("Phishing Basics") < text.index("Fire Safety")
    assert "1 failed" in text
    assert "All 2 Running 1 Needs you 1 Drafts 0 Done 1" in text


def test_batches_tab_lists_the_batches_that_it_counts(manager):
    make_batch(["created"], title="Fire Safety")
    make_batch(["rejected"], title="Data Protection")
    make_batch(["planned"], title="Phishing Basics", state="held")

    batches = manager.get("/batches/?tab=needs-you").context["page"].object_list

    assert [batch.title for batch in batches] == ["Phishing Basics", "Data Protection"]


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        pytest.param("fire", ["Fire Safety"], id="a word of the title"),
        pytest.param("B-{fire}", ["Fire Safety"], id="the batch number"),
        pytest.param("daniel", ["Phishing Basics"], id="the submitter"),
        pytest.param("phishing daniel", ["Phishing Basics"], id="every word must match"),
        pytest.param("nothing", [], id="no match"),
    ],
)
def test_batches_are_filtered_by_text(manager, query, titles):
    fire = make_batch(["created"], title="Fire Safety")
    make_batch(["created"], title="Phishing Basics", by_name="Daniel Osei")

    response = manager.get("/batches/", {"q": query.format(fire=f"{fire.number:04d}")})

    assert [batch.title for batch in response.context["page"].object_list] == titles
    assert ("No batch matches" in words(response)) is (not titles)


@pytest.mark.parametrize("count", [pytest.param(1, id="one row"), pytest.param(3, id="three rows")])
def test_batches_run_the_same_number_of_queries_for_any_size(
    manager, django_assert_num_queries, count
):
    for _ in range(count):
        make_batch(["created", "rejected"])

    with django_assert_num_queries(10):
        manager.get("/batches/")


def test_batches_refresh_only_while_a_batch_is_running(manager):
    batch = make_batch(["queued"], state="running")
    assert "tick from:body" in manager.get("/batches/").content.decode()

    batch.state = "done"
    batch.save()

    assert "tick from:body" not in manager.get("/batches/").content.decode()
    assert (
        manager.get("/batches/", headers={"HX-Request": "true"})
        .content.strip()
        .startswith(b'<div id="list"')
    )


def test_batch_page_shows_its_state(manager):
    batch = make_batch(EVERY_STATE, state="running", started_at=AT)

    text = words(manager.get(reverse("batch", args=[batch.number])))

    assert "5 of 8 handled, 3 to go" in text
    assert "1 created 1 failed 1 skipped 1 no answer yet 1 confirmed, not found 3 waiting" in text
    assert (
        "All 8 Latest Failed 1 No answer yet 1 Confirmed, not found 1 Created 1 Skipped 1 Waiting 3"
    ) in text


def test_batch_page_without_confirmed_rows_does_not_speak_of_them(manager):
    batch = make_batch(["created", "unknown"], state="running", started_at=AT)

    assert "not found" not in words(manager.get(reverse("batch", args=[batch.number])))


@pytest.mark.parametrize(
    ("tab", "states"),
    [
        pytest.param("all", EVERY_STATE, id="all in plan order"),
        pytest.param("latest", ["skipped", "rejected", "created"], id="latest first"),
        pytest.param("failed", ["rejected"], id="failed"),
        pytest.param("unknown", ["unknown"], id="no answer yet"),
        pytest.param("confirmed", ["confirmed"], id="confirmed, not found"),
        pytest.param("created", ["created"], id="created"),
        pytest.param("skipped", ["skipped"], id="skipped"),
        pytest.param("waiting", ["planned", "queued", "sending"], id="waiting"),
        pytest.param("no-such-tab", EVERY_STATE, id="an unknown tab shows all"),
    ],
)
def test_batch_page_shows_the_rows_of_a_tab(manager, tab, states):
    batch = make_batch(EVERY_STATE, state="running")

    rows = manager.get(reverse("batch", args=[batch.number]), {"tab": tab}).context["rows"]

    assert [row.state for row in rows] == states


def test_batch_page_search_ignores_accents(manager):
    batch = make_batch()
    content = make_content()
    elif_ = make_learner(name="Elif Yılmaz")  # noqa: RUF001  a name with a letter that folds
    make_row(batch, content, 1, {"state": "created", "learner": elif_})
    make_row(batch, content, 2, {"state": "created"})

    rows = manager.get(reverse("batch", args=[batch.number]), {"q": "yilmaz elif"}).context["rows"]
    nobody = manager.get(reverse("batch", args=[batch.number]), {"q": "zzz"})

    assert [row.learner for row in rows] == [elif_]
    assert "Nobody in this list matches “zzz”." in words(nobody)


@pytest.mark.parametrize("count", [pytest.param(1, id="one row"), pytest.param(3, id="three rows")])
def test_batch_page_runs_the_same_number_of_queries_for_any_size(
    manager, django_assert_num_queries, count
):
    batch = make_batch(["rejected"] * count)

    with django_assert_num_queries(10):
        manager.get(reverse("batch", args=[batch.number]))


def test_batch_page_groups_failed_rows_by_reason(manager):
    late, gone = {"state": "rejected"}, {"state": "rejected", "problem": "No such person."}
    batch = make_batch([gone, late, dict(late), "unknown", "confirmed"])

    reasons = manager.get(reverse("batch", args=[batch.number])).context["reasons"]

    assert [(reason.count, reason.problem, reason.kind) for reason in reasons] == [
        (2, "The due date is too early.", "wrong"),
        (1, "It did not answer in time.", "unknown"),
        (1, "It does not show it.", "confirmed"),
        (1, "No such person.", "wrong"),
    ]


def test_batch_page_counts_down_to_the_start(manager):
    starts_at = datetime.now(UTC) + timedelta(seconds=25)
    batch = make_batch(["planned"], state="waiting", starts_at=starts_at, started_at=None)

    text = words(manager.get(reverse("batch", args=[batch.number])))

    assert re.search(r"2[345] s until the first call", text)
    assert all(button in text for button in ("Undo, back to draft", "Hold", "Start now"))


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        pytest.param(["created"] * 3, "All 3 created", id="all created"),
        pytest.param(["created", "skipped"], "1 created 1 was skipped.", id="one was skipped"),
        pytest.param(["created", "rejected"], "What needs a decision", id="one failed"),
    ],
)
def test_batch_page_shows_its_outcome(manager, rows, sentence):
    batch = make_batch(rows, finished_at=AT)
    assert sentence in words(manager.get(reverse("batch", args=[batch.number])))


def test_batch_page_shows_that_no_worker_runs(manager):
    batch = make_batch(["queued"], state="running")
    missing = "Nothing is lost; it continues when the worker is back."
    assert missing in words(manager.get(reverse("batch", args=[batch.number])))

    Worker.objects.create(name="one", seen_at=datetime.now(UTC))

    assert missing not in words(manager.get(reverse("batch", args=[batch.number])))


def test_batch_page_shows_why_sending_is_paused(manager):
    batch = make_batch(["queued"], state="running")
    make_account(paused_at=AT, pause_reason="StackOne refused the key.")

    assert "Sending is paused. StackOne refused the key. Nothing is lost" in words(
        manager.get(reverse("batch", args=[batch.number]))
    )


def test_batch_progress_is_empty_until_something_changes(manager):
    batch = make_batch(["queued", "queued"], state="running")
    page = manager.get(reverse("batch", args=[batch.number]))
    url, seen = reverse("batch-progress", args=[batch.number]), {"seen": page.context["token"]}

    unchanged = manager.get(url, seen)
    batch.assignments.filter(position=1).update(state="created", settled_at=AT, remote_id="R-1")
    changed = manager.get(url, seen)

    assert (unchanged.status_code, unchanged.content) == (204, b"")
    title, live = changed.content.decode().split("</title>")
    assert title == f"<title>50% {batch.title} – Assignment Desk"
    assert live.split()[:2] == ["<div", 'id="live-part"']
    assert "1 of 2 handled, 1 to go" in words(changed)


def test_batch_progress_shows_that_the_worker_stopped(manager):
    worker = Worker.objects.create(name="one", seen_at=datetime.now(UTC))
    batch = make_batch(["queued"], state="running")
    seen = {"seen": manager.get(reverse("batch", args=[batch.number])).context["token"]}
    worker.seen_at -= timedelta(minutes=2)
    worker.save()

    text = words(manager.get(reverse("batch-progress", args=[batch.number]), seen))

    assert re.search(r"No progress for about \d+ \w+. Nothing is lost; it continues when the", text)


def test_batch_progress_stops_polling_when_the_batch_is_done(manager):
    url = reverse("batch-progress", args=[make_batch(["created"]).number])
    assert b"tick from:body" not in manager.get(url).content


def test_batch_page_of_an_unsubmitted_plan_is_not_found(manager):
    batch = make_batch(["planned"], state="planned", submitted_at=None)
    assert manager.get(f"/batches/{batch.pk}/").status_code == 404
    assert manager.get("/batches/0/").status_code == 404
    assert manager.get("/batches/").context["page"].paginator.count == 0


@pytest.mark.parametrize(
    ("state", "action", "became", "leads_to"),
    [
        pytest.param("waiting", "undo", "cancelled", "/assign/{draft}/", id="undo"),
        pytest.param("waiting", "hold", "held", "/batches/{batch}/", id="hold"),
        pytest.param("held", "start", "running", "/batches/{batch}/", id="start"),
        pytest.param("running", "pause", "paused", "/batches/{batch}/", id="pause"),
        pytest.param("paused", "resume", "running", "/batches/{batch}/", id="resume"),
        pytest.param("running", "stop", "stopped", "/batches/{batch}/", id="stop"),
    ],
)
def test_batch_action_changes_the_state(manager, state, action, became, leads_to):
    batch = make_batch(["planned"], state=state, starts_at=AT, by=get_user(manager))
    log_submission(batch)

    response = manager.post(reverse("batch-action", args=[batch.number, action]))

    goal = leads_to.format(draft=batch.submission_key, batch=batch.number)
    batch.refresh_from_db()
    assert (response.status_code, response["Location"], batch.state) == (302, goal, became)


@pytest.mark.parametrize(
    ("state", "action", "sentence"),
    [
        pytest.param("running", "undo", "It has started; use Stop instead.", id="undo"),
        pytest.param("running", "hold", "It has started already.", id="hold"),
        pytest.param("running", "start", "It has started already.", id="start"),
        pytest.param("done", "pause", "It is not running.", id="pause"),
        pytest.param("done", "resume", "It is not paused.", id="resume"),
        pytest.param("done", "stop", "It is not running.", id="stop"),
        pytest.param("done", "retry", RETRY_REFUSED, id="retry"),
    ],
)
def test_refused_batch_action_shows_the_reason(manager, state, action, sentence):
    batch = make_batch(["created"], state=state)

    response = manager.post(reverse("batch-action", args=[batch.number, action]))

    assert response.status_code == 409
    assert words(response).index(sentence) < words(response).index(f"{batch.title} for")
    batch.refresh_from_db()
    assert batch.state == state


def test_batch_retry_queues_failed_rows_and_logs_it(manager):
    batch = make_batch(["created", "rejected", "unknown"])

    manager.post(reverse("batch-action", args=[batch.number, "retry"]))

    batch.refresh_from_db()
    assert batch.state == "running"
    assert list(batch.assignments.order_by("position").values_list("state", flat=True)) == [
        "created",
        "queued",
        "queued",
    ]
    actions = LogEntry.objects.order_by("seq").values_list("action", flat=True)
    assert list(actions)[-3:] == ["assignment.requeued", "assignment.requeued", "batch.resumed"]


def test_row_retry_queues_only_that_row(manager):
    batch = make_batch(["rejected", "rejected"])
    row = batch.assignments.get(position=2)

    response = manager.post(reverse("row-action", args=[batch.number, row.pk, "retry"]))

    row.refresh_from_db()
    assert (response.status_code, row.state) == (302, "queued")
    assert batch.assignments.get(position=1).state == "rejected"


def test_row_retry_refuses_a_settled_row(manager):
    batch = make_batch(["created"])
    row = batch.assignments.get()

    response = manager.post(reverse("row-action", args=[batch.number, row.pk, "retry"]))

    assert response.status_code == 409
    assert RETRY_REFUSED in words(response)


def test_row_action_on_a_row_of_another_batch_is_not_found(manager):
    batch, other = make_batch(["rejected"]), make_batch(["rejected"])
    row = other.assignments.get()
    assert (
        manager.post(reverse("row-action", args=[batch.number, row.pk, "retry"])).status_code == 404
    )


def test_unknown_batch_action_is_not_found(manager):
    batch = make_batch(["created"])
    assert manager.post(f"/batches/{batch.number}/explode").status_code == 404


@pytest.mark.parametrize("state", ["waiting", "held", "running", "paused", "done"])
def test_batch_page_has_no_buttons_for_auditors(auditor, state):
    batch = make_batch(["rejected", "queued"], state=state, starts_at=AT)

    response = auditor.get(reverse("batch", args=[batch.number]))

    main = response.content.decode().split("<main")[1]
    assert response.status_code == 200
    assert "<button" not in main


@pytest.mark.parametrize("action", ["undo", "hold", "start", "pause", "resume", "stop", "retry"])
def test_batch_actions_are_forbidden_for_auditors(auditor, action):
    batch = make_batch(["rejected"], state="running")

    response = auditor.post(reverse("batch-action", args=[batch.number, action]))

    batch.refresh_from_db()
    assert (response.status_code, batch.state) == (403, "running")


def test_row_retry_is_forbidden_for_auditors(auditor):
    batch = make_batch(["rejected"])
    url = reverse("row-action", args=[batch.number, batch.assignments.get().pk, "retry"])
    assert auditor.post(url).status_code == 403


@pytest.mark.parametrize("path", ["/batches/", "/batches/1/", "/batches/1/progress"])
def test_batch_pages_redirect_to_sign_in(client, path):
    response = client.get(path)
    assert (response.status_code, response["Location"]) == (302, f"/login/?next={path}")


ON_RECORD = {"state": "rejected", "response_status": 409, "problem": "Already on the transcript."}
MISSING = {"state": "rejected", "response_status": 404, "problem": "No such person."}


@pytest.mark.parametrize(
    ("row", "buttons", "advice"),
    [
        pytest.param(ON_RECORD, ["Accept 1"], "has it already; nothing was created", id="conflict"),
        pytest.param(MISSING, ["Send 1 again"], "does not know the person or the item", id="gone"),
        pytest.param("rejected", ["Copy 1 to a new draft"], "refused these values", id="values"),
        pytest.param(
            "unknown", ["Send 1 again", "Leave 1"], "It is not known whether", id="undecided"
        ),
        pytest.param(
            {"state": "rejected", "response_status": 418, "problem": "Teapot."},
            ["Send 1 again"],
            "Fix the cause there, then send it again.",
            id="anything else",
        ),
    ],
)
def test_batch_page_offers_a_fix_for_each_reason(manager, row, buttons, advice):
    batch = make_batch([dict(row) if isinstance(row, dict) else row])

    page = manager.get(reverse("batch", args=[batch.number])).content.decode()

    decide = page.split('id="h-f"')[1].split("</section>")[0]
    labels = re.findall(r"data-once>([^<]*)", decide)
    assert (labels, advice in " ".join(decide.split())) == (buttons, True)


def test_batch_accept_applies_to_all_rows_with_the_same_problem(manager):
    other = {**ON_RECORD, "problem": "Another version is on the transcript."}
    batch = make_batch([dict(ON_RECORD), dict(other), dict(ON_RECORD)])
    form = {"is_group": "1", "status": "409", "problem": ON_RECORD["problem"], "why": "Checked"}

    response = manager.post(reverse("batch-action", args=[batch.number, "accept"]), form)

    states = list(batch.assignments.order_by("position").values_list("state", flat=True))
    assert (response.status_code, states) == (302, ["skipped", "rejected", "skipped"])
    assert LogEntry.objects.filter(action="assignment.accepted_existing").count() == 2


@pytest.mark.parametrize(
    ("values", "action", "state"),
    [
        pytest.param(dict(ON_RECORD), "accept", "skipped", id="accept"),
        pytest.param({"state": "unknown"}, "leave", "skipped", id="leave"),
        pytest.param({"state": "unknown"}, "retry", "queued", id="send again"),
    ],
)
def test_row_action_changes_the_state_of_the_row(manager, values, action, state):
    batch = make_batch([values])
    row = batch.assignments.get()

    response = manager.post(reverse("row-action", args=[batch.number, row.pk, action]))

    row.refresh_from_db()
    assert (response.status_code, row.state) == (302, state)


def test_unknown_row_action_is_not_found(manager):
    batch = make_batch(["rejected"])
    url = reverse("row-action", args=[batch.number, batch.assignments.get().pk, "explode"])
    assert manager.post(url).status_code == 404


def test_batch_stop_logs_the_reason(manager):
    batch = make_batch(["planned"], state="running")

    manager.post(reverse("batch-action", args=[batch.number, "stop"]), {"why": "Wrong course"})

    entry = LogEntry.objects.get(action="batch.stopped")
    assert json.loads(bytes(entry.body))["detail"]["reason"] == "Wrong course"


def test_batch_stop_refuses_a_long_reason(manager):
    batch = make_batch(["planned"], state="running")

    response = manager.post(
        reverse("batch-action", args=[batch.number, "stop"]), {"why": "x" * 501}
    )

    batch.refresh_from_db()
    assert (response.status_code, batch.state) == (409, "running")
    assert "Shorten the reason to 500 characters." in words(response)


def test_batch_copy_takes_rows_with_the_same_problem(manager):
    late = {"state": "rejected", "response_status": 400, "problem": "The due date is too early."}
    batch = make_batch([dict(late), "created", dict(MISSING), dict(late)])
    form = {"is_group": "1", "status": "400", "problem": late["problem"]}

    response = manager.post(reverse("batch-copy", args=[batch.number]), form)

    draft = Draft.objects.get()
    wanted = batch.assignments.filter(response_status=400).order_by("position")
    picked = draft.picked_learners.order_by("learner").values_list("learner", flat=True)
    assert response["Location"] == f"/assign/{draft.pk}/"
    assert list(picked) == list(wanted.values_list("learner", flat=True))
    assert draft.picked_contents.get().content_id == wanted[0].content_id


def test_batch_copy_leaves_out_inactive_people(manager):
    batch = make_batch(["cancelled", "cancelled"], state="stopped", due_date=date(2027, 1, 15))
    gone, there = [row.learner for row in batch.assignments.order_by("position")]
    gone.is_active = False
    gone.save()

    manager.post(reverse("batch-copy", args=[batch.number]))

    draft = Draft.objects.get()
    assert [pick.learner for pick in draft.picked_learners.all()] == [there]
    assert (draft.due_date, draft.status, draft.reason) == (
        date(2027, 1, 15),
        "pending",
        "Policy DP-14",
    )
    text = words(manager.get(f"/assign/{draft.pk}/"))
    assert f"Copied from {batch}: 1 person. Inactive in the LMS and not copied: {gone}." in text


def test_undo_of_another_managers_batch_stays_on_the_batch_page(manager):
    batch = make_batch(["planned"], state="held")

    response = manager.post(reverse("batch-action", args=[batch.number, "undo"]))

    assert response["Location"] == f"/batches/{batch.number}/"


@pytest.mark.parametrize("name", ["batch-copy", "row-action"])
def test_batch_copy_and_row_actions_are_forbidden_for_auditors(auditor, name):
    batch = make_batch([dict(ON_RECORD)])
    more = [batch.assignments.get().pk, "accept"] if name == "row-action" else []
    assert auditor.post(reverse(name, args=[batch.number, *more])).status_code == 403


def test_batch_page_shows_calls_as_chart_sentence_and_table(manager):
    batch = make_batch(["created", "queued"], state="running", started_at=AT)
    ended_at = datetime.now(UTC) - timedelta(seconds=60)
    call_counts.count([(ended_at, "created"), (ended_at, "queued")])

    page = manager.get(reverse("batch", args=[batch.number])).content.decode()

    chart = page.split('<svg class="chart"')[1].split("</svg>")[0]
    assert (chart.count('class="fill-ok"'), chart.count('class="fill-bad"')) == (30, 1)
    assert re.search(
        r"<desc id=.chart-words.>About 0 calls in 10 seconds since \d\d:\d\d; 167 are", chart
    )
    assert "limit 167" in chart
    table = page.split("<summary>The numbers</summary>")[1].split("</table>")[0]
    assert len(re.findall(r'<td class="end num">1</td>', table)) == 2


@pytest.mark.parametrize(
    ("account", "others", "sentence"),
    [
        pytest.param({}, 0, "limit 16.7. You can close this page.", id="the configured rate"),
        pytest.param({}, 1, "Sharing the limit with 1 other batch.", id="with another batch"),
        pytest.param({}, 2, "Sharing the limit with 2 other batches.", id="with other batches"),
        pytest.param(
            {"provider_rate_per_minute": 300},
            0,
            "Cornerstone accepts 5 a second now.",
            id="a slow LMS",
        ),
    ],
)
def test_batch_page_shows_the_send_rate(manager, account, others, sentence):
    make_account(**account)
    batch, *_ = (make_batch(["queued"], state="running") for _ in range(others + 1))

    assert sentence in words(manager.get(reverse("batch", args=[batch.number])))


def test_batch_page_shows_until_when_sending_is_slowed_down(manager):
    until = datetime.now(UTC) + timedelta(seconds=90)
    make_account(slowed_until=until)
    batch = make_batch(["queued"], state="running")

    text = words(manager.get(reverse("batch", args=[batch.number])))

    here = timezone.localtime(until)
    assert f"Slowed down until {here:%H:%M:%S}" in text
    assert re.search(r"About 1 min (30|2\d) s left", text)


def test_finished_batch_page_shows_no_send_rate(manager):
    batch = make_batch(["created"], finished_at=AT)
    page = manager.get(reverse("batch", args=[batch.number]))
    assert (page.context["pace"], page.context["time_left"]) == (None, "")
