"""The pages Overview, People, Content and Settings."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from assignments.models import Account, Draft, LogEntry, RemoteAssignment, SyncRun, Worker
from tests.factories import (
    AT,
    make_account,
    make_batch,
    make_content,
    make_learner,
    make_row,
    make_user,
)
from tests.log_fixtures import write_log

pytestmark = pytest.mark.django_db


@pytest.fixture
def sign_in(client):
    """Return a function that signs in a user with a role and returns the user."""

    def sign_in_as(role):
        user = make_user(role)
        client.force_login(user)
        return user

    return sign_in_as


def words(response):
    """Return the text of a page on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def markup(response):
    """Return a page's markup on one line."""
    return " ".join(response.content.decode().split())


def test_overview_shows_running_and_failed_batches_and_drafts(client, sign_in):
    user = sign_in("manager")
    make_batch(["created"], title="Fire Safety")
    make_batch(["created", "rejected"], title="Data Protection")
    make_batch(["created", "queued"], title="Phishing Basics", state="running")
    Draft.objects.create(account=make_account(), owner=user, created_at=AT, changed_at=AT)

    response = client.get("/")

    shown = [batch.title for batch in response.context["running"]]
    text = words(response)
    assert shown == ["Phishing Basics", "Data Protection"]
    assert "Hello, Priya 2 batches run or wait, 1 needs a decision." in text
    assert "Draft: Empty draft" in text
    assert "tick from:body" in response.content.decode()


def test_overview_without_batches_shows_that_nothing_needs_attention(client, sign_in):
    sign_in("manager")
    response = client.get("/")
    assert "Nothing needs your attention" in words(response)
    assert "tick from:body" not in response.content.decode()


def test_overview_refreshes_only_its_live_part(client, sign_in):
    sign_in("manager")
    part = markup(client.get("/", headers={"HX-Request": "true"}))
    assert part.startswith('<div class="body" id="now"')
    assert "<h1>" not in part


def test_overview_counts_the_last_thirty_days(client, sign_in, clock):
    sign_in("manager")
    first, again = {"state": "created"}, {"state": "created", "attempt": 2}
    old = {"state": "created", "settled_at": datetime(2026, 10, 1, tzinfo=UTC)}
    make_batch([first, dict(first), dict(first), again, old, "rejected"])

    numbers = client.get("/").context["numbers"]

    assert (numbers.created, numbers.first_time_percent) == (4, 75)
    assert (numbers.people, numbers.items) == (6, 1)


@pytest.mark.parametrize("count", [pytest.param(1, id="one row"), pytest.param(3, id="three rows")])
def test_overview_runs_the_same_number_of_queries_for_any_size(
    client, sign_in, django_assert_num_queries, count
):
    user = sign_in("manager")
    for _ in range(count):
        make_batch(["queued"], state="running")
        Draft.objects.create(account=make_account(), owner=user, created_at=AT, changed_at=AT)
    with django_assert_num_queries(14):
        client.get("/")


@pytest.mark.parametrize("role", ["auditor", "admin"])
def test_overview_redirects_auditors_and_administrators_to_the_log(client, sign_in, role):
    sign_in(role)
    response = client.get("/")
    assert (response.status_code, response["Location"]) == (302, "/audit/")


@pytest.mark.parametrize(
    ("role", "places"),
    [
        pytest.param("manager", "Overview Batches People Content Audit log", id="manager"),
        pytest.param("auditor", "Batches People Content Audit log Exports", id="auditor"),
        pytest.param("admin", "Batches People Content Audit log Exports", id="administrator"),
    ],
)
def test_navigation_lists_the_pages_of_the_role(client, sign_in, role, places):
    sign_in(role)
    page = markup(client.get("/settings/"))
    (nav,) = re.findall(r'<nav class="nav".*?</nav>', page)
    assert " ".join(re.sub(r"<[^>]+>", " ", nav).split()) == places
    assert ("assign/new" in page) is (role == "manager")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        pytest.param("yilmaz", ["Elif Yılmaz"], id="a name"),  # noqa: RUF001  a letter that folds
        pytest.param("", ["Amara Okafor", "Elif Yılmaz"], id="everybody"),  # noqa: RUF001
        pytest.param("nobody", [], id="no match"),
    ],
)
def test_people_are_filtered_including_the_inactive(client, sign_in, query, names):
    sign_in("auditor")
    make_learner(name="Elif Yılmaz", is_active=False)  # noqa: RUF001  a letter that folds
    make_learner(name="Amara Okafor")

    response = client.get("/people/", {"q": query})

    assert [str(person) for person in response.context["sheet"].rows] == names
    assert ("Nothing matches" in words(response)) is (not names)


def test_lists_show_that_the_first_sync_is_missing(client, sign_in):
    sign_in("manager")
    for path in ("/people/", "/content/"):
        assert "The first sync with the LMS fills this list." in words(client.get(path))


@pytest.mark.parametrize("path", ["/people/", "/content/"])
@pytest.mark.parametrize("count", [pytest.param(1, id="one row"), pytest.param(3, id="three rows")])
def test_lists_run_the_same_number_of_queries_for_any_size(
    client, sign_in, django_assert_num_queries, path, count
):
    sign_in("manager")
    for _ in range(count):
        make_learner()
        make_content()
    with django_assert_num_queries(7):
        client.get(path)


def test_person_page_shows_assignments_with_their_log_entries(client, sign_in):
    sign_in("auditor")
    elif_ = make_learner(name="Elif")
    batch, content = make_batch(by_name="Daniel Osei"), make_content(title="Fire Safety")
    row = make_row(batch, content, 1, {"state": "created", "learner": elif_})
    write_log(row.pk + 1)

    response = client.get(reverse("person", args=[elif_.pk]))

    assert response.context["rows"] == [(row, row.pk)]
    text = words(response)
    assert "Fire Safety" in text
    assert "Daniel Osei" in text
    assert f'href="/audit/{row.pk}/"' in response.content.decode()


@pytest.mark.parametrize("count", [pytest.param(1, id="one row"), pytest.param(3, id="three rows")])
def test_person_page_runs_the_same_number_of_queries_for_any_size(
    client, sign_in, django_assert_num_queries, count
):
    sign_in("manager")
    person, content = make_learner(), make_content()
    for _ in range(count):
        make_row(make_batch(), content, 1, {"state": "created", "learner": person})
    with django_assert_num_queries(7):
        client.get(reverse("person", args=[person.pk]))


@pytest.mark.parametrize(
    ("role", "is_active", "is_offered"),
    [
        pytest.param("manager", True, True, id="a manager"),
        pytest.param("manager", False, False, id="inactive person"),
        pytest.param("auditor", True, False, id="an auditor"),
    ],
)
def test_person_page_offers_assigning_to_managers(client, sign_in, role, is_active, is_offered):
    sign_in(role)
    person = make_learner(is_active=is_active)
    text = words(client.get(reverse("person", args=[person.pk])))
    assert ("Assign to this person" in text) is is_offered


def test_content_list_shows_what_cannot_be_assigned(client, sign_in):
    sign_in("manager")
    make_content(title="A retired one", is_active=False)
    make_content(title="B without a reference", external_reference="")
    make_content(title="C good")

    text = words(client.get("/content/"))

    assert text.index("A retired one") < text.index("C good")
    assert "It is retired in the LMS." in text
    assert "It has no external reference in the LMS." in text


def test_content_item_page_shows_holders_and_batches(client, sign_in):
    sign_in("auditor")
    batch = make_batch(["created", "rejected"], title="Fire Safety")
    make_batch(["created"], title="Another item")
    content, learner = batch.assignments.all()[0].content, make_learner()
    RemoteAssignment.objects.create(
        account=batch.account,
        remote_id="R-9",
        learner=learner,
        content=content,
        first_seen_at=AT,
    )

    response = client.get(reverse("content-item", args=[content.pk]))

    assert [shown.title for shown in response.context["batches"]] == ["Fire Safety"]
    text = words(response)
    assert f"Course · {content.external_reference} · 1 person has it" in text
    assert "Assign this" not in text


@pytest.mark.parametrize("count", [pytest.param(1, id="one row"), pytest.param(3, id="three rows")])
def test_content_item_page_runs_the_same_number_of_queries_for_any_size(
    client, sign_in, django_assert_num_queries, count
):
    sign_in("manager")
    content = make_content()
    for _ in range(count):
        make_row(make_batch(), content, 1, {"state": "created"})
    with django_assert_num_queries(7):
        client.get(reverse("content-item", args=[content.pk]))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        pytest.param({}, "Assign this", id="assignable"),
        pytest.param(
            {"is_active": False}, "It cannot be assigned: it is retired in the LMS.", id="retired"
        ),
        pytest.param(
            {"external_reference": ""},
            "It cannot be assigned: it has no external reference in the LMS.",
            id="without a reference",
        ),
    ],
)
def test_content_item_page_offers_assigning_or_shows_why_not(client, sign_in, fields, sentence):
    sign_in("manager")
    page = words(client.get(reverse("content-item", args=[make_content(**fields).pk])))
    offered = [text for text in ("Assign this", "It cannot be assigned") if text in page]
    assert sentence in page
    assert len(offered) == 1


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        pytest.param("PT45M", "45 min", id="minutes"),
        pytest.param("PT1H30M", "1 h 30 min", id="hours and minutes"),
        pytest.param("PT20S", "PT20S", id="less than a minute"),
        pytest.param("half a day", "half a day", id="no duration"),
    ],
)
def test_content_item_page_shows_the_duration(client, sign_in, duration, expected):
    sign_in("manager")
    content = make_content(duration=duration)
    page = words(client.get(reverse("content-item", args=[content.pk])))
    assert f"Duration {expected} LMS ID" in page


@pytest.mark.parametrize(
    ("fields", "items"),
    [
        pytest.param({}, 1, id="assignable"),
        pytest.param({"is_active": False}, 0, id="retired"),
    ],
)
def test_new_creates_a_draft_from_an_item(client, sign_in, fields, items):
    user = sign_in("manager")

    response = client.post("/assign/new", {"add": make_content(**fields).pk})

    draft = Draft.objects.get(owner=user)
    assert response["Location"] == f"/assign/{draft.pk}/"
    assert draft.picked_contents.count() == items


def test_settings_save_theme_and_density(client, sign_in):
    user = sign_in("auditor")

    response = client.post("/settings/", {"theme": "dark", "density": "compact"})

    user.refresh_from_db()
    assert (response.status_code, user.theme, user.density) == (302, "dark", "compact")
    assert 'data-density="compact" data-theme="dark"' in markup(client.get("/settings/"))
    assert list(LogEntry.objects.values_list("action", "result")) == [
        ("settings.changed", "changed")
    ]


def test_settings_ignore_unknown_values(client, sign_in):
    user = sign_in("manager")
    client.post("/settings/", {"theme": "pink", "density": "compact"})
    user.refresh_from_db()
    assert (user.theme, user.density) == ("system", "roomy")


@pytest.mark.parametrize(
    "is_there", [pytest.param(True, id="running"), pytest.param(False, id="missing")]
)
def test_settings_show_whether_a_worker_runs(client, sign_in, is_there):
    sign_in("manager")
    if is_there:
        Worker.objects.create(name="one", seen_at=datetime.now(UTC))
    text = words(client.get("/settings/"))
    assert ("Seen in the last minute" in text, "Not seen" in text) == (is_there, not is_there)


def test_settings_sync_starts_one_sync_and_logs_it(client, sign_in):
    user = sign_in("admin")

    client.post("/settings/sync")
    client.post("/settings/sync")

    run = SyncRun.objects.get()
    entries = LogEntry.objects.values_list("action", "actor", "subject")
    assert list(entries) == [("sync.started", f"user/{user.pk}", f"sync/{run.pk}")]
    page = markup(client.get("/settings/", headers={"HX-Request": "true"}))
    assert page.startswith('<div id="syncs" hx-get="/settings/" hx-trigger="tick from:body"')


def test_settings_stop_refreshing_when_the_sync_ends(client, sign_in):
    sign_in("admin")
    SyncRun.objects.create(
        account=make_account(), is_full=True, started_at=AT, progressed_at=AT, finished_at=AT
    )
    assert "tick from:body" not in client.get("/settings/").content.decode()


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"stage_count": 12_400}, "People Reading people, 12,400 so far."),
        (
            {"is_confirming": True},
            "0 so far. This list is read again from its first page.",
        ),
        (
            {"failing_since": AT, "problem": "It is slow.", "retry_at": AT + timedelta(minutes=3)},
            "Reading people, 0 so far. Reads have failed since 23 Nov 2026, 10:00 : "
            "It is slow. Trying again at 23 Nov 2026, 10:03 .",
        ),
        ({"failing_since": AT, "problem": "It is slow."}, "It is slow. Trying again now."),
        ({"stage": "done", "finished_at": AT, "remark": "Some are odd."}, "Done Some are odd."),
        (
            {"finished_at": AT, "problem": "It ends never."},
            "Failed It ends never. What was read is kept, and nothing was marked as removed",
        ),
    ],
)
def test_settings_say_what_a_sync_does(client, sign_in, fields, text):
    sign_in("admin")
    Worker.objects.create(name="one", seen_at=datetime.now(UTC))
    values = {"is_full": True, "started_at": AT, "progressed_at": AT}
    SyncRun.objects.create(account=make_account(), **values | fields)

    assert text in words(client.get("/settings/"))


def test_settings_promise_no_sync_that_nobody_runs(client, sign_in):
    sign_in("admin")
    values = {"is_full": True, "started_at": AT, "progressed_at": AT, "retry_at": AT}
    run = SyncRun.objects.create(account=make_account(), failing_since=AT, **values)
    assert "It goes on when a worker runs." in words(client.get("/settings/"))
    Account.objects.filter(pk=run.account_id).update(paused_at=AT, pause_reason="No key.")
    assert "It goes on when the account is resumed." in words(client.get("/settings/"))


def test_account_resume_unpauses_the_account_and_logs_it(client, sign_in):
    sign_in("admin")
    account = make_account(paused_at=AT, pause_reason="StackOne refused the key.")
    assert "StackOne refused the key." in words(client.get("/settings/"))

    client.post(reverse("account-resume", args=[account.pk]))

    account.refresh_from_db()
    assert (account.paused_at, account.pause_reason) == (None, "")
    assert [entry.action for entry in LogEntry.objects.all()] == ["account.resumed"]


def test_account_resume_of_an_unknown_account_changes_nothing(client, sign_in):
    sign_in("admin")
    account = make_account(paused_at=AT, pause_reason="StackOne refused the key.")
    client.post(reverse("account-resume", args=[account.pk + 1]))
    account.refresh_from_db()
    assert account.paused_at == AT


@pytest.mark.parametrize("role", ["manager", "auditor"])
def test_sync_and_account_resume_are_forbidden_for_other_roles(client, sign_in, role):
    sign_in(role)
    account = make_account(paused_at=AT, pause_reason="StackOne refused the key.")

    answers = [
        client.post(path).status_code for path in ("/settings/sync", "/settings/accounts/1/resume")
    ]

    account.refresh_from_db()
    assert (answers, account.paused_at, SyncRun.objects.count()) == ([403, 403], AT, 0)
    text = words(client.get("/settings/"))
    assert [offer for offer in ("Sync now", "Resume") if offer in text] == []


@pytest.mark.parametrize("path", ["/", "/people/", "/people/1/", "/content/", "/settings/"])
def test_pages_redirect_to_sign_in(client, path):
    response = client.get(path)
    assert (response.status_code, response["Location"]) == (302, f"/login/?next={path}")


ODD = ["\x00", "9" * 40, "B-" + "9" * 40, "%", "'", "²", "\ud7ff", " " * 300]


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/people/", "/content/", "/batches/", "/batches/1/", "/audit/"])
def test_pages_accept_unusual_parameters(client, sign_in, path):
    sign_in("auditor")
    make_batch(["created"], number=1)
    names = ("q", "text", "tab", "page", "before", "batch", "person", "subject")
    answers = {client.get(path, {name: odd}).status_code for odd in ODD for name in names}
    assert answers == {200}
