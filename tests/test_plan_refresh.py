"""Refreshing a plan's people from the LMS: with the real sandbox, and on the review page."""

import json
import threading
from collections.abc import Collection
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.urls import reverse

from assignments import tasks
from assignments.models import Assignment, Batch, Draft, LogEntry, PlanRefresh, RemoteAssignment
from assignments.services.planning import frozen_plan
from assignments.services.planning.plan_rows import ALREADY_ASSIGNED
from assignments.services.syncing import plan_refresh
from tests.recorder import Recorder, Reply, serving

pytestmark = pytest.mark.django_db


def assign_in_lms(desk, row) -> None:
    """Assign the row's item to its person directly in the LMS."""
    body = {"learning_object_external_reference": row.content_reference}
    path = f"/unified/lms/users/{row.learner_remote_id}/assignments"
    with desk.lms.client() as lms:
        lms.post(path, json=body).raise_for_status()


def request(desk, plan) -> PlanRefresh:
    """Request a refresh of a plan's people."""
    return plan_refresh.request_refresh(batch=plan, by=desk.by, now=desk.clock())


def run(desk, refresh, may_go_on=lambda: True) -> PlanRefresh:
    """Run a refresh as a worker does and return it as stored."""
    plan_refresh.run_refresh(refresh=refresh, clock=desk.clock, may_go_on=may_go_on)
    return PlanRefresh.objects.get()


def read_count(desk) -> int:
    """Return how often assignments of one person were read from the LMS."""
    routes = desk.lms.stats()["requests"].items()
    return sum(
        sum(outcomes.values())
        for route, outcomes in routes
        if route.startswith("GET /unified/lms/users/")
    )


def current_plan() -> Batch:
    """Return the plan as stored."""
    return Batch.objects.get(state="planned")


def test_refresh_skips_people_who_were_assigned_it_in_the_lms(desk):
    plan = desk.review(desk.draft(people=3))
    first = plan.assignments.get(position=1)
    assign_in_lms(desk, first)

    refresh = run(desk, request(desk, plan))

    assert (refresh.people, refresh.people_read) == (3, 3)
    assert (refresh.assignments_added, refresh.assignments_removed) == (1, 0)
    assert (refresh.problem, refresh.people_not_read, refresh.is_running) == ("", 0, False)
    rows = current_plan().assignments.order_by("position").values_list("state", "problem")
    assert list(rows) == [("skipped", ALREADY_ASSIGNED), ("planned", ""), ("planned", "")]
    assert current_plan().plan_digest != plan.plan_digest
    entries = LogEntry.objects.filter(action__startswith="plan.").order_by("seq")
    assert [(entry.action, entry.actor, entry.result) for entry in entries] == [
        ("plan.refresh_requested", desk.by.ref, "started"),
        ("plan.refreshed", "system", "refreshed"),
    ]


def test_refresh_reads_the_plans_people_and_nobody_else(desk):
    plan = desk.review(desk.draft(people=2, items=3))
    before = read_count(desk)

    run(desk, request(desk, plan))

    assert read_count(desk) - before == 2


def test_refresh_removes_missing_assignments_unless_they_are_too_new_to_be_listed(desk):
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

    refresh = run(desk, request(desk, plan))

    assert (refresh.assignments_added, refresh.assignments_removed) == (0, 1)
    assert list(
        current_plan().assignments.order_by("position").values_list("state", flat=True)
    ) == [
        "planned",
        "skipped",
    ]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        pytest.param({"data": [{"title": "No id."}]}, "", id="a record without an id"),
        pytest.param({"data": [7]}, "The LMS could not be read", id="an entry that is no record"),
        pytest.param({"data": [{"id": "x"}], "errors": ["No."]}, "The LMS could", id="an error"),
    ],
)
def test_refresh_removes_nothing_that_an_incomplete_list_misses(desk, settings, body, problem):
    row = desk.review(desk.draft(people=1)).assignments.get()
    stored = RemoteAssignment.objects.create(
        account=desk.account,
        remote_id="r1",
        learner=row.learner,
        content=row.content,
        first_seen_at=desk.clock() - timedelta(hours=1),
    )
    plan = desk.review(Draft.objects.get())

    class IncompleteLists(Recorder):
        def reply(self, request):
            return Reply(200, json.dumps(body).encode(), {})

    with serving(IncompleteLists(desk.lms.base_url)) as lms:
        settings.STACKONE_BASE_URL = lms.url
        refresh = run(desk, request(desk, plan))

    assert refresh.problem.startswith(problem)
    assert RemoteAssignment.objects.filter(pk=stored.pk).exists()


def test_refresh_continues_behind_the_last_person_stored(desk):
    plan = desk.review(desk.draft(people=3))
    refresh, permissions = request(desk, plan), iter([True, True, False])

    stopped = run(desk, refresh, lambda: next(permissions))
    assert (stopped.people_read, stopped.is_running, stopped.runner) == (2, True, "")

    before = read_count(desk)
    assert run(desk, refresh).people_read == 3
    assert read_count(desk) - before == 1


def test_refresh_of_a_killed_worker_is_continued_by_another(desk):
    refresh = request(desk, desk.review(desk.draft(people=1)))
    PlanRefresh.objects.update(runner="killed", progressed_at=desk.clock())
    assert run(desk, refresh).is_running
    assert not plan_refresh.pending_refreshes(now=desk.clock()).exists()

    desk.clock.skip(seconds=91)

    pending = plan_refresh.pending_refreshes(now=desk.clock())
    assert list(pending.values_list("pk", flat=True)) == [refresh.pk]
    assert not run(desk, refresh).is_running


def test_refresh_taken_over_by_another_worker_stores_no_more(desk):
    refresh = request(desk, desk.review(desk.draft(people=2)))

    def taken_over() -> bool:
        PlanRefresh.objects.update(runner="another")
        return True

    refresh = run(desk, refresh, taken_over)

    assert (refresh.people_read, refresh.runner, refresh.is_running) == (0, "another", True)


def test_requesting_a_refresh_twice_starts_one(desk):
    plan = desk.review(desk.draft(people=1))

    assert request(desk, plan).started_at == request(desk, plan).started_at
    assert LogEntry.objects.filter(action="plan.refresh_requested").count() == 1


def test_refresh_does_not_change_a_plan_that_was_frozen_again(desk):
    draft = desk.draft(people=2)
    refresh = request(desk, desk.review(draft))
    draft.picked_learners.order_by("pk").first().delete()
    new_plan = frozen_plan.freeze(draft=draft, now=desk.clock())

    refresh = run(desk, refresh)

    assert refresh.problem == plan_refresh.PLAN_CHANGED
    assert current_plan().pk == new_plan.pk


def test_refresh_does_not_change_a_plan_that_cannot_be_frozen_again(desk):
    draft = desk.draft(people=1)
    plan = desk.review(draft)
    refresh = request(desk, plan)
    desk.clock.skip(days=3650)

    refresh = run(desk, refresh)

    assert refresh.problem.endswith("The plan is unchanged.")
    assert current_plan().pk == plan.pk


@contextmanager
def server_responding_with(status: int, *, to: Collection[str] | None = None):
    """Run a server that responds with one status; yield its URL.

    :param to: the ids of the people about whom it does so; it lists nothing for others
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_meant = to is None or self.path.split("/")[-2] in to
            body = b"{}" if is_meant else b'{"data": []}'
            self.send_response(status if is_meant else 200)
            self.send_header("content-length", str(len(body)))
            self.send_header("retry-after", "0")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Write no access log."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "message", "pauses"),
    [
        pytest.param(401, "The LMS could not be read: ", True, id="the key is rejected"),
        pytest.param(501, plan_refresh.NOT_SUPPORTED, False, id="not supported"),
        pytest.param(500, "The LMS could not be read: ", False, id="server error"),
        pytest.param(429, "The LMS could not be read: ", False, id="always rate-limited"),
    ],
)
def test_refresh_that_fails_has_a_problem_and_keeps_the_plan(
    desk, settings, status, message, pauses
):
    plan = desk.review(desk.draft(people=2))
    refresh = request(desk, plan)
    with server_responding_with(status) as settings.STACKONE_BASE_URL:
        refresh = run(desk, refresh)

    desk.account.refresh_from_db()
    assert refresh.problem.startswith(message)
    assert "The plan is unchanged." in refresh.problem
    assert (refresh.is_running, desk.account.paused_at is not None) == (False, pauses)
    assert current_plan().pk == plan.pk


@pytest.mark.parametrize("status", [401, 403, 412, 501])
@pytest.mark.parametrize("refused", [slice(0, 1), slice(2, 3), slice(1, 3)])
def test_a_refusal_of_some_people_is_theirs(desk, settings, status, refused):
    plan = desk.review(desk.draft(people=3))
    refresh = request(desk, plan)
    people = list(plan.assignments.order_by("learner").values_list("learner_remote_id", flat=True))
    with server_responding_with(status, to=people[refused]) as settings.STACKONE_BASE_URL:
        refresh = run(desk, refresh)

    desk.account.refresh_from_db()
    assert (refresh.people_read, refresh.problem) == (3, "")
    assert refresh.people_not_read == len(people[refused])
    assert desk.account.paused_at is None


def test_ten_refusals_in_a_row_are_those_of_the_account(desk, settings):
    plan = desk.review(desk.draft(people=13))
    refresh = request(desk, plan)
    people = list(plan.assignments.order_by("learner").values_list("learner_remote_id", flat=True))
    with server_responding_with(403, to=people[2:]) as settings.STACKONE_BASE_URL:
        refresh = run(desk, refresh)

    desk.account.refresh_from_db()
    assert (refresh.people_read, refresh.people_not_read) == (12, 10)
    assert refresh.problem.startswith("The LMS could not be read: ")
    assert desk.account.paused_at is not None


def test_refresh_of_an_unreachable_lms_has_a_problem(desk, settings):
    refresh = request(desk, desk.review(desk.draft(people=1)))
    settings.STACKONE_BASE_URL = "http://127.0.0.1:9"

    assert run(desk, refresh).problem.startswith("The LMS could not be read: ")


def test_refresh_skips_people_unknown_to_the_lms(desk):
    draft = desk.draft(people=2)
    unknown = draft.picked_learners.order_by("pk").first().learner
    unknown.remote_id = "nobody"
    unknown.save(update_fields=["remote_id"])

    refresh = run(desk, request(desk, desk.review(draft)))

    assert (refresh.people_read, refresh.people_not_read, refresh.problem) == (2, 1, "")


def test_refresh_is_refused_for_too_many_people_and_while_paused(desk, monkeypatch):
    plan = desk.review(desk.draft(people=2))
    monkeypatch.setattr(plan_refresh, "MAX_PEOPLE", 1)
    with pytest.raises(plan_refresh.RefreshRefused, match="sync the directory instead"):
        request(desk, plan)

    plan.account.paused_at, plan.account.pause_reason = desk.clock(), "The key was refused."
    with pytest.raises(plan_refresh.RefreshRefused, match="cannot be read now"):
        request(desk, plan)
    assert not PlanRefresh.objects.exists()


def html(response) -> str:
    """Return the HTML of a response on one line."""
    return " ".join(response.content.decode().split())


@pytest.fixture
def manager_client(desk, client):
    """Return a client signed in as the owner of the draft."""
    client.force_login(desk.owner)
    return client


def test_review_refreshes_in_the_background_and_offers_the_new_plan(desk, manager_client):
    plan = desk.review(desk.draft(people=2))
    url = reverse("review-refresh", args=[plan.submission_key])
    assign_in_lms(desk, plan.assignments.get(position=1))

    response = manager_client.post(url)
    assert response.url == reverse("review", args=[plan.submission_key])
    page = html(manager_client.get(response.url))
    assert f'hx-get="{url}?seen={plan.plan_digest}" hx-trigger="tick from:body"' in page
    assert "0 of 2" in page

    tasks.enqueue_refreshes()
    run(desk, PlanRefresh.objects.get())
    seen_url = f"{url}?seen={plan.plan_digest}"
    part = html(manager_client.get(seen_url, headers={"HX-Request": "true"}))

    assert "2 people were read again" in part
    assert "1 assignment new, 0 gone." in part
    assert "Show the new plan" in part
    assert "hx-get" not in part
    assert "Refresh these people" in html(manager_client.get(response.url))
    assert manager_client.get(url).url == response.url


def test_review_of_many_people_offers_a_sync_instead(desk, manager_client, monkeypatch):
    plan = desk.review(desk.draft(people=2))
    monkeypatch.setattr(plan_refresh, "MAX_PEOPLE", 1)

    page = html(manager_client.get(reverse("review", args=[plan.submission_key])))
    refusal = manager_client.post(reverse("review-refresh", args=[plan.submission_key]))

    assert "For more than 1 people a sync is quicker" in page
    assert "An administrator can start one" in page
    assert (refusal.status_code, "sync the directory" in html(refusal)) == (422, True)


def test_review_shows_why_a_refresh_failed(desk, manager_client, settings):
    plan = desk.review(desk.draft(people=1))
    request(desk, plan)
    settings.STACKONE_API_KEY = "wrong"

    run(desk, PlanRefresh.objects.get())

    page = html(manager_client.get(reverse("review", args=[plan.submission_key])))
    assert '<p class="error"><bdi class="anywhere">The LMS could not be read: ' in page
    assert Assignment.objects.filter(state="planned").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_scheduled_task_runs_the_refresh(desk):
    plan = desk.review(desk.draft(people=1))
    request(desk, plan)
    tasks.enqueue_refreshes()

    tasks.refresh_plan.func(str(plan.submission_key))

    refresh = PlanRefresh.objects.get()
    assert (refresh.people_read, refresh.is_running, refresh.problem) == (1, False, "")


def test_refresh_without_a_plan_gets_404(desk, manager_client):
    draft = desk.draft(people=1)

    assert manager_client.post(reverse("review-refresh", args=[draft.pk])).status_code == 404
