"""The list of batches and the page of one, over Django's test client."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from assignments.models import LogEntry, Worker
from tests.factories import AT, make_account, make_batch, make_content, make_learner, make_row
from tests.factories import make_user as user

pytestmark = pytest.mark.django_db

EVERY_STATE = ["planned", "queued", "sending", "unknown", "created", "rejected", "skipped"]


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
    """Return what a page says, without markup and on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_batches_lists_the_newest_first_with_their_state(manager):
    make_batch(["created", "rejected"], title="Fire Safety")
    make_batch(["queued"], title="Phishing Basics", state="running")

    said = words(manager.get("/batches/"))

    assert said.index("Phishing Basics") < said.index("Fire Safety")
    assert "1 failed" in said
    assert "All 2 Running 1 Needs you 1 Done 1" in said


def test_batches_of_a_tab_are_the_ones_it_counts(manager):
    make_batch(["created"], title="Fire Safety")
    make_batch(["rejected"], title="Data Protection")
    make_batch(["planned"], title="Phishing Basics", state="held")

    found = manager.get("/batches/?tab=needs-you").context["page"].object_list

    assert [batch.title for batch in found] == ["Phishing Basics", "Data Protection"]


@pytest.mark.parametrize(
    ("asked", "titles"),
    [
        pytest.param("fire", ["Fire Safety"], id="a word of the title"),
        pytest.param("B-{fire}", ["Fire Safety"], id="the number people know it by"),
        pytest.param("daniel", ["Phishing Basics"], id="who submitted it"),
        pytest.param("phishing daniel", ["Phishing Basics"], id="every word must fit"),
        pytest.param("nothing", [], id="no match"),
    ],
)
def test_batches_are_found(manager, asked, titles):
    fire = make_batch(["created"], title="Fire Safety")
    make_batch(["created"], title="Phishing Basics", by_name="Daniel Osei")

    response = manager.get("/batches/", {"q": asked.format(fire=f"{fire.pk:04d}")})

    assert [batch.title for batch in response.context["page"].object_list] == titles
    assert ("No batch matches" in words(response)) is (not titles)


@pytest.mark.parametrize("count", [pytest.param(1, id="one row"), pytest.param(3, id="three rows")])
def test_batches_cost_the_same_however_many(manager, django_assert_num_queries, count):
    for _ in range(count):
        make_batch(["created", "rejected"])

    with django_assert_num_queries(10):
        manager.get("/batches/")


def test_batches_refresh_only_while_one_of_them_moves(manager):
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


def test_batch_says_how_it_stands(manager):
    batch = make_batch(EVERY_STATE, state="running", started_at=AT)

    said = words(manager.get(reverse("batch", args=[batch.pk])))

    assert "4 of 7 handled, 3 to go" in said
    assert "1 created 1 failed 1 skipped 1 no answer yet 3 waiting" in said
    assert "All 7 Latest Failed 1 No answer yet 1 Created 1 Skipped 1 Waiting 3" in said


@pytest.mark.parametrize(
    ("tab", "states"),
    [
        pytest.param("all", EVERY_STATE, id="all in the order of the plan"),
        pytest.param("latest", ["skipped", "rejected", "created"], id="latest first"),
        pytest.param("failed", ["rejected"], id="failed"),
        pytest.param("unknown", ["unknown"], id="no answer yet"),
        pytest.param("created", ["created"], id="created"),
        pytest.param("skipped", ["skipped"], id="skipped"),
        pytest.param("waiting", ["planned", "queued", "sending"], id="waiting"),
        pytest.param("no-such-tab", EVERY_STATE, id="an unknown tab shows all"),
    ],
)
def test_batch_shows_the_rows_of_a_tab(manager, tab, states):
    batch = make_batch(EVERY_STATE, state="running")

    page = manager.get(reverse("batch", args=[batch.pk]), {"tab": tab}).context["page"]

    assert [row.state for row in page.object_list] == states


def test_batch_finds_a_person_without_their_accents(manager):
    batch = make_batch()
    content = make_content()
    elif_ = make_learner(name="Elif Yılmaz")  # noqa: RUF001  a name with a letter that folds
    make_row(batch, content, 1, {"state": "created", "learner": elif_})
    make_row(batch, content, 2, {"state": "created"})

    page = manager.get(reverse("batch", args=[batch.pk]), {"q": "yilmaz elif"}).context["page"]
    nobody = manager.get(reverse("batch", args=[batch.pk]), {"q": "zzz"})

    assert [row.learner for row in page.object_list] == [elif_]
    assert "Nobody in this list matches “zzz”." in words(nobody)


@pytest.mark.parametrize("count", [pytest.param(1, id="one row"), pytest.param(3, id="three rows")])
def test_batch_costs_the_same_however_many_rows(manager, django_assert_num_queries, count):
    batch = make_batch(["rejected"] * count)

    with django_assert_num_queries(9):
        manager.get(reverse("batch", args=[batch.pk]))


def test_batch_groups_why_rows_failed(manager):
    late, gone = {"state": "rejected"}, {"state": "rejected", "problem": "No such person."}
    batch = make_batch([gone, late, dict(late), "unknown"])

    reasons = manager.get(reverse("batch", args=[batch.pk])).context["reasons"]

    assert [(reason.count, reason.problem, reason.is_undecided) for reason in reasons] == [
        (2, "The due date is too early.", False),
        (1, "It did not answer in time.", True),
        (1, "No such person.", False),
    ]


def test_batch_counts_down_before_it_starts(manager):
    starts_at = datetime.now(UTC) + timedelta(seconds=25)
    batch = make_batch(["planned"], state="waiting", starts_at=starts_at, started_at=None)

    said = words(manager.get(reverse("batch", args=[batch.pk])))

    assert re.search(r"2[345] s until the first call", said)
    assert all(button in said for button in ("Undo, back to draft", "Hold", "Start now"))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        pytest.param(["created"] * 3, "All 3 created", id="everything"),
        pytest.param(["created", "skipped"], "1 created 1 was skipped.", id="one was skipped"),
        pytest.param(["created", "rejected"], "What needs a decision", id="one failed"),
    ],
)
def test_batch_says_what_came_of_it(manager, rows, said):
    batch = make_batch(rows, finished_at=AT)
    assert said in words(manager.get(reverse("batch", args=[batch.pk])))


def test_batch_says_when_no_worker_is_there(manager):
    batch = make_batch(["queued"], state="running")
    missing = "No worker was seen in the last minute. Nothing is lost;"
    assert missing in words(manager.get(reverse("batch", args=[batch.pk])))

    Worker.objects.create(name="one", seen_at=datetime.now(UTC))

    assert missing not in words(manager.get(reverse("batch", args=[batch.pk])))


def test_batch_says_why_sending_is_paused(manager):
    batch = make_batch(["queued"], state="running")
    make_account(paused_at=AT, paused_because="StackOne refused the key.")

    assert "Sending is paused. StackOne refused the key. Nothing is lost" in words(
        manager.get(reverse("batch", args=[batch.pk]))
    )


def test_batch_progress_answers_nothing_until_something_changed(manager):
    batch = make_batch(["queued", "queued"], state="running")
    page = manager.get(reverse("batch", args=[batch.pk]))
    url, seen = reverse("batch-progress", args=[batch.pk]), {"seen": page.context["token"]}

    unchanged = manager.get(url, seen)
    batch.assignments.filter(position=1).update(state="created", settled_at=AT, answer_status=201)
    changed = manager.get(url, seen)

    assert (unchanged.status_code, unchanged.content) == (204, b"")
    title, live = changed.content.decode().split("</title>")
    assert title == f"<title>50% {batch.title} – Assignment Desk"
    assert live.split()[:2] == ["<div", 'id="live-part"']
    assert "1 of 2 handled, 1 to go" in words(changed)


def test_batch_progress_says_when_the_worker_is_gone(manager):
    worker = Worker.objects.create(name="one", seen_at=datetime.now(UTC))
    batch = make_batch(["queued"], state="running")
    seen = {"seen": manager.get(reverse("batch", args=[batch.pk])).context["token"]}
    worker.seen_at -= timedelta(minutes=2)
    worker.save()

    said = words(manager.get(reverse("batch-progress", args=[batch.pk]), seen))

    assert "No worker was seen in the last minute." in said


def test_batch_progress_stops_asking_when_nothing_moves(manager):
    url = reverse("batch-progress", args=[make_batch(["created"]).pk])
    assert b"tick from:body" not in manager.get(url).content


def test_a_plan_that_was_not_submitted_has_no_page(manager):
    batch = make_batch(["planned"], state="planned", submitted_at=None)
    assert manager.get(reverse("batch", args=[batch.pk])).status_code == 404
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
def test_batch_action_moves_it_on(manager, state, action, became, leads_to):
    batch = make_batch(["planned"], state=state, starts_at=AT)

    response = manager.post(reverse("batch-action", args=[batch.pk, action]))

    goal = leads_to.format(draft=batch.submission_key, batch=batch.pk)
    batch.refresh_from_db()
    assert (response.status_code, response["Location"], batch.state) == (302, goal, became)


@pytest.mark.parametrize(
    ("state", "action", "said"),
    [
        pytest.param("running", "undo", "It has started; use Stop instead.", id="undo"),
        pytest.param("running", "hold", "It has started already.", id="hold"),
        pytest.param("running", "start", "It has started already.", id="start"),
        pytest.param("done", "pause", "It is not running.", id="pause"),
        pytest.param("done", "resume", "It is not paused.", id="resume"),
        pytest.param("done", "stop", "It is not running.", id="stop"),
        pytest.param("done", "retry", "Nothing is left that a retry could help.", id="retry"),
    ],
)
def test_batch_action_that_is_refused_says_why(manager, state, action, said):
    batch = make_batch(["created"], state=state)

    response = manager.post(reverse("batch-action", args=[batch.pk, action]))

    assert response.status_code == 409
    assert words(response).index(said) < words(response).index(f"{batch.title} for")
    batch.refresh_from_db()
    assert batch.state == state


def test_retry_queues_what_failed_and_records_it(manager):
    batch = make_batch(["created", "rejected", "unknown"])

    manager.post(reverse("batch-action", args=[batch.pk, "retry"]))

    batch.refresh_from_db()
    assert batch.state == "running"
    assert list(batch.assignments.order_by("position").values_list("state", flat=True)) == [
        "created",
        "queued",
        "queued",
    ]
    actions = LogEntry.objects.order_by("seq").values_list("action", flat=True)
    assert list(actions)[-3:] == ["assignment.requeued", "assignment.requeued", "batch.resumed"]


def test_one_row_is_sent_again(manager):
    batch = make_batch(["rejected", "rejected"])
    row = batch.assignments.get(position=2)

    response = manager.post(reverse("retry-row", args=[batch.pk, row.pk]))

    row.refresh_from_db()
    assert (response.status_code, row.state) == (302, "queued")
    assert batch.assignments.get(position=1).state == "rejected"


def test_one_row_that_is_settled_is_not_sent_again(manager):
    batch = make_batch(["created"])
    row = batch.assignments.get()

    response = manager.post(reverse("retry-row", args=[batch.pk, row.pk]))

    assert response.status_code == 409
    assert "This one is settled or still moving by itself." in words(response)


def test_a_row_of_another_batch_is_not_found(manager):
    one, other = make_batch(["rejected"]), make_batch(["rejected"])
    row = other.assignments.get()
    assert manager.post(reverse("retry-row", args=[one.pk, row.pk])).status_code == 404


def test_an_unknown_action_is_not_found(manager):
    batch = make_batch(["created"])
    assert manager.post(f"/batches/{batch.pk}/explode").status_code == 404


@pytest.mark.parametrize("state", ["waiting", "held", "running", "paused", "done"])
def test_auditors_see_a_batch_without_buttons(auditor, state):
    batch = make_batch(["rejected", "queued"], state=state, starts_at=AT)

    response = auditor.get(reverse("batch", args=[batch.pk]))

    main = response.content.decode().split("<main")[1]
    assert response.status_code == 200
    assert "<button" not in main


@pytest.mark.parametrize("action", ["undo", "hold", "start", "pause", "resume", "stop", "retry"])
def test_auditors_may_not_act_on_a_batch(auditor, action):
    batch = make_batch(["rejected"], state="running")

    response = auditor.post(reverse("batch-action", args=[batch.pk, action]))

    batch.refresh_from_db()
    assert (response.status_code, batch.state) == (403, "running")


def test_auditors_may_not_send_a_row_again(auditor):
    batch = make_batch(["rejected"])
    url = reverse("retry-row", args=[batch.pk, batch.assignments.get().pk])
    assert auditor.post(url).status_code == 403


@pytest.mark.parametrize("path", ["/batches/", "/batches/1/", "/batches/1/progress"])
def test_batches_need_somebody_signed_in(client, path):
    response = client.get(path)
    assert (response.status_code, response["Location"]) == (302, f"/login/?next={path}")
