"""Reading anew what a plan's people have: against the real sandbox, and on the review."""

import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.urls import reverse

from assignments import tasks
from assignments.models import Assignment, Batch, Draft, LogEntry, PlanRefresh, RemoteAssignment
from assignments.services.planning import frozen_plan
from assignments.services.planning.plan_rows import HAS_IT
from assignments.services.syncing import plan_refresh

pytestmark = pytest.mark.django_db


def assign_elsewhere(desk, row) -> None:
    """Let somebody assign the row's item to its person in the LMS, past us."""
    body = {"learning_object_external_reference": row.content_reference}
    path = f"/unified/lms/users/{row.learner_remote_id}/assignments"
    with desk.lms.client() as lms:
        lms.post(path, json=body).raise_for_status()


def asked(desk, plan) -> PlanRefresh:
    """Ask for a refresh of a plan's people."""
    return plan_refresh.request(batch=plan, by=desk.by, now=desk.clock())


def go_on(desk, refresh, may_go_on=lambda: True) -> PlanRefresh:
    """Let a worker do it, and return how it ended."""
    plan_refresh.go_on(refresh=refresh, clock=desk.clock, may_go_on=may_go_on)
    return PlanRefresh.objects.get()


def reads(desk) -> int:
    """Return how often somebody's assignments were read from the LMS."""
    routes = desk.lms.stats()["requests"].items()
    return sum(
        sum(outcomes.values())
        for route, outcomes in routes
        if route.startswith("GET /unified/lms/users/")
    )


def plan_of(desk) -> Batch:
    """Return the plan as it is now."""
    return Batch.objects.get(state="planned")


def test_refresh_finds_who_got_it_elsewhere_and_skips_them(desk):
    plan = desk.review(desk.draft(people=3))
    first = plan.assignments.get(position=1)
    assign_elsewhere(desk, first)

    ended = go_on(desk, asked(desk, plan))

    assert (ended.people, ended.done, ended.added, ended.gone) == (3, 3, 1, 0)
    assert (ended.problem, ended.unread, ended.is_going) == ("", 0, False)
    rows = plan_of(desk).assignments.order_by("position").values_list("state", "problem")
    assert list(rows) == [("skipped", HAS_IT), ("planned", ""), ("planned", "")]
    assert plan_of(desk).plan_digest != plan.plan_digest
    told = LogEntry.objects.filter(action__startswith="plan.").order_by("seq")
    assert [(entry.action, entry.actor, entry.result) for entry in told] == [
        ("plan.refresh_requested", desk.by.ref, "started"),
        ("plan.refreshed", "system", "refreshed"),
    ]


def test_refresh_reads_the_plans_people_and_nobody_else(desk):
    plan = desk.review(desk.draft(people=2, items=3))
    before = reads(desk)

    go_on(desk, asked(desk, plan))

    assert reads(desk) - before == 2


def test_refresh_forgets_what_vanished_but_not_what_is_too_new_to_be_listed(desk):
    plan = desk.review(desk.draft(people=2))
    old, new = plan.assignments.order_by("position")
    for row, age in ((old, 3600), (new, 0)):
        RemoteAssignment.objects.create(
            account=desk.account,
            remote_id=f"gone-{row.pk}",
            learner=row.learner,
            content=row.content,
            first_seen_at=desk.clock() - timedelta(seconds=age),
        )
    plan = desk.review(Draft.objects.get())
    assert set(plan.assignments.values_list("state", flat=True)) == {"skipped"}

    ended = go_on(desk, asked(desk, plan))

    assert (ended.added, ended.gone) == (0, 1)
    assert list(plan_of(desk).assignments.order_by("position").values_list("state", flat=True)) == [
        "planned",
        "skipped",
    ]


def test_refresh_goes_on_behind_what_was_stored(desk):
    plan = desk.review(desk.draft(people=3))
    refresh, turns = asked(desk, plan), iter([True, True, False])

    stopped = go_on(desk, refresh, lambda: next(turns))
    assert (stopped.done, stopped.is_going, stopped.runner) == (2, True, "")

    before = reads(desk)
    assert go_on(desk, refresh).done == 3
    assert reads(desk) - before == 1


def test_refresh_of_a_killed_worker_is_taken_up(desk):
    refresh = asked(desk, desk.review(desk.draft(people=1)))
    PlanRefresh.objects.update(runner="killed", progressed_at=desk.clock())
    assert go_on(desk, refresh).is_going
    assert not plan_refresh.waiting(now=desk.clock()).exists()

    desk.clock.skip(seconds=91)

    assert [found.pk for found in plan_refresh.waiting(now=desk.clock())] == [refresh.pk]
    assert not go_on(desk, refresh).is_going


def test_refresh_that_was_taken_over_stores_no_more(desk):
    refresh = asked(desk, desk.review(desk.draft(people=2)))

    def taken_over() -> bool:
        PlanRefresh.objects.update(runner="another")
        return True

    ended = go_on(desk, refresh, taken_over)

    assert (ended.done, ended.runner, ended.is_going) == (0, "another", True)


def test_refresh_asked_twice_is_one(desk):
    plan = desk.review(desk.draft(people=1))

    assert asked(desk, plan).started_at == asked(desk, plan).started_at
    assert LogEntry.objects.filter(action="plan.refresh_requested").count() == 1


def test_refresh_leaves_a_plan_that_was_made_anew(desk):
    draft = desk.draft(people=2)
    refresh = asked(desk, desk.review(draft))
    draft.picked_learners.order_by("pk").first().delete()
    anew = frozen_plan.freeze(draft=draft, now=desk.clock())

    ended = go_on(desk, refresh)

    assert ended.problem == plan_refresh.CHANGED
    assert plan_of(desk).pk == anew.pk


def test_refresh_leaves_a_plan_that_cannot_be_made_anew(desk):
    draft = desk.draft(people=1)
    plan = desk.review(draft)
    refresh = asked(desk, plan)
    desk.clock.skip(days=3650)

    ended = go_on(desk, refresh)

    assert ended.problem.endswith("The plan is as it was.")
    assert plan_of(desk).pk == plan.pk


@contextmanager
def answering(status: int):
    """Run a server that gives every request the same answer."""

    class Always(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("content-length", "2")
            self.send_header("retry-after", "0")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Always)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "said", "pauses"),
    [
        pytest.param(401, "The LMS could not be read: ", True, id="the key is refused"),
        pytest.param(501, plan_refresh.NOT_LISTED, False, id="the LMS cannot list them"),
        pytest.param(500, "The LMS could not be read: ", False, id="the LMS is broken"),
        pytest.param(429, "The LMS could not be read: ", False, id="it never lets us in"),
    ],
)
def test_refresh_that_fails_says_so_and_leaves_the_plan(desk, settings, status, said, pauses):
    plan = desk.review(desk.draft(people=2))
    refresh = asked(desk, plan)
    with answering(status) as settings.STACKONE_BASE_URL:
        ended = go_on(desk, refresh)

    desk.account.refresh_from_db()
    assert ended.problem.startswith(said)
    assert "The plan is as it was." in ended.problem
    assert (ended.is_going, desk.account.paused_at is not None) == (False, pauses)
    assert plan_of(desk).pk == plan.pk


def test_refresh_of_an_lms_that_is_down_says_so(desk, settings):
    refresh = asked(desk, desk.review(desk.draft(people=1)))
    settings.STACKONE_BASE_URL = "http://127.0.0.1:9"

    assert go_on(desk, refresh).problem.startswith("The LMS could not be read: ")


def test_refresh_passes_over_whom_the_lms_does_not_know(desk):
    draft = desk.draft(people=2)
    stranger = draft.picked_learners.order_by("pk").first().learner
    stranger.remote_id = "nobody"
    stranger.save(update_fields=["remote_id"])

    ended = go_on(desk, asked(desk, desk.review(draft)))

    assert (ended.done, ended.unread, ended.problem) == (2, 1, "")


def test_refresh_is_refused_for_too_many_and_while_paused(desk, monkeypatch):
    plan = desk.review(desk.draft(people=2))
    monkeypatch.setattr(plan_refresh, "MOST_PEOPLE", 1)
    with pytest.raises(plan_refresh.RefreshRefused, match="let the directory be synced instead"):
        asked(desk, plan)

    plan.account.paused_at, plan.account.pause_reason = desk.clock(), "The key was refused."
    with pytest.raises(plan_refresh.RefreshRefused, match="cannot be asked now"):
        asked(desk, plan)
    assert not PlanRefresh.objects.exists()


def said(response) -> str:
    """Return a page on one line."""
    return " ".join(response.content.decode().split())


@pytest.fixture
def page(desk, client):
    """Return the manager's browser."""
    client.force_login(desk.owner)
    return client


def test_review_refreshes_in_the_background_and_offers_the_new_plan(desk, page):
    plan = desk.review(desk.draft(people=2))
    url = reverse("review-refresh", args=[plan.submission_key])
    assign_elsewhere(desk, plan.assignments.get(position=1))

    answer = page.post(url)
    assert answer.url == reverse("review", args=[plan.submission_key])
    going = said(page.get(answer.url))
    assert f'hx-get="{url}?seen={plan.plan_digest}" hx-trigger="tick from:body"' in going
    assert "0 of 2" in going

    tasks.wake_refreshes()
    go_on(desk, PlanRefresh.objects.get())
    part = said(page.get(f"{url}?seen={plan.plan_digest}", headers={"HX-Request": "true"}))

    assert "2 people were read again" in part
    assert "1 assignment new, 0 gone." in part
    assert "Show the new plan" in part
    assert "hx-get" not in part
    assert "Refresh these people" in said(page.get(answer.url))
    assert page.get(url).url == answer.url


def test_review_of_many_offers_a_sync_instead(desk, page, monkeypatch):
    plan = desk.review(desk.draft(people=2))
    monkeypatch.setattr(plan_refresh, "MOST_PEOPLE", 1)

    shown = said(page.get(reverse("review", args=[plan.submission_key])))
    refused = page.post(reverse("review-refresh", args=[plan.submission_key]))

    assert "For more than 1 people a sync is quicker" in shown
    assert "An administrator can start one" in shown
    assert (refused.status_code, "let the directory be synced" in said(refused)) == (422, True)


def test_review_says_why_a_refresh_failed(desk, page, settings):
    plan = desk.review(desk.draft(people=1))
    asked(desk, plan)
    settings.STACKONE_API_KEY = "wrong"

    go_on(desk, PlanRefresh.objects.get())

    shown = said(page.get(reverse("review", args=[plan.submission_key])))
    assert '<p class="err">The LMS could not be read: ' in shown
    assert Assignment.objects.filter(state="planned").count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_schedule_wakes_a_worker_that_refreshes(desk):
    plan = desk.review(desk.draft(people=1))
    asked(desk, plan)
    tasks.wake_refreshes()

    tasks.refresh_plan.func(str(plan.submission_key))

    ended = PlanRefresh.objects.get()
    assert (ended.done, ended.is_going, ended.problem) == (1, False, "")


def test_refresh_without_a_plan_is_not_found(desk, page):
    draft = desk.draft(people=1)

    assert page.post(reverse("review-refresh", args=[draft.pk])).status_code == 404
