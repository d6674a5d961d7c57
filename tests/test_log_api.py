"""The log's API: the search of the page as JSON, and access tokens."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client

from assignments.audit.log import record_all
from assignments.models import LogEntry
from dashboard.access.access_tokens import MAX_TOKENS
from dashboard.access.models import AccessToken
from tests.factories import make_user
from tests.log_fixtures import AT, ELIF, PRIYA, SEARCHES, created, write_searched_entries

pytestmark = pytest.mark.django_db
ADDRESS = "/api/audit/entries"
PAGE = "/settings/tokens/"


def move_clock(**how_long):
    """Move the clock on, still running."""
    return time_machine.travel(datetime.now(UTC) + timedelta(**how_long), tick=True)


def signed_in(role="auditor"):
    """Return a user and their signed-in client."""
    user, browser = make_user(role), Client()
    browser.force_login(user)
    return user, browser


def create_token(browser, **params):
    """Create a token on the page and return it."""
    return browser.post(PAGE, {"name": "GRC", "days": "30"} | params).context["new_token"]


def request_entries(token="", **params):
    """Return the API's response."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return Client().get(ADDRESS, params, headers=headers)


def write(*events):
    """Append entries and return the number of the first."""
    with transaction.atomic():
        return record_all(events, by=PRIYA, at=AT).start


def newest():
    """Return the newest entry as JSON."""
    return json.loads(bytes(LogEntry.objects.order_by("-seq")[0].body))


@pytest.fixture
def token():
    """Return an auditor's token."""
    return create_token(signed_in()[1])


def test_the_api_returns_entries_as_the_page_shows_them(token):
    seq = write(created(1))

    page = request_entries(token, q="person:learner/12").json()

    assert (page["search"], page["count"], page["is_capped"]) == ("person:learner/12", 1, False)
    assert (page["next_before"], page["next"]) == (None, None)
    (entry,) = page["entries"]
    stored = LogEntry.objects.get(seq=seq)
    assert entry["entry"] == seq
    assert entry["sentence"] == f"{PRIYA.name} assigned GDPR Essentials 2027 to {ELIF.name}"
    assert entry["people"][0]["name"] == ELIF.name
    assert (entry["leaf"], entry["body"]) == (stored.leaf.hex(), json.loads(bytes(stored.body)))


@pytest.mark.parametrize(("query", "count"), SEARCHES)
def test_page_command_and_api_find_the_same(token, capsys, query, count):
    write_searched_entries()

    page = signed_in()[1].get("/audit/", {"q": query})
    api = request_entries(token, q=query).json()
    call_command("audit", "search", query, "--json")

    command = json.loads(capsys.readouterr().out)
    shown = [line.seq for line in page.context["lines"]]
    assert len(shown) == page.context["count"] == api["count"] == command["count"] == count
    assert [entry["entry"] for entry in api["entries"]] == shown
    assert command["entries"] == api["entries"]


def test_pages_of_the_api_have_no_gap(token):
    last = write(*(created(number) for number in range(1, 26))) + 24

    address, seen = f"{ADDRESS}?q=person:learner/12&limit=10", []
    while address:
        page = Client().get(address, headers={"Authorization": f"Bearer {token}"}).json()
        seen += [entry["entry"] for entry in page["entries"]]
        address = page["next"]

    assert seen == list(range(last, last - 25, -1))


def test_every_request_is_recorded_with_the_owner():
    user, browser = signed_in()
    token = create_token(browser)

    request_entries(token, q="elif", before="7")

    entry = newest()
    assert (entry["action"], entry["actor"]["ref"]) == ("log.searched", f"user/{user.pk}")
    assert entry["actor"]["means"] == "api"
    assert entry["detail"] == {"entries": 0, "search": "…"}


def test_an_invalid_query_is_refused_with_its_position(token):
    response = request_entries(token, q="elif when:2026-13")

    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    problem = response.json()
    assert problem["detail"].startswith("There is no month 13.")
    assert problem["query"][problem["start"] : problem["end"]] == "2026-13"


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        pytest.param({"limit": "501"}, "limit: Ensure this value is less than or equal to 500."),
        pytest.param({"limit": "0"}, "limit: Ensure this value is greater than or equal to 1."),
        pytest.param({"before": "x"}, "before: Enter a whole number."),
        pytest.param(
            {"before": "9" * 40}, "before: Ensure this value is less than", id="too large"
        ),
    ],
)
def test_an_invalid_number_is_refused(token, params, sentence):
    response = request_entries(token, **params)

    assert response.status_code == 400
    assert response.json()["detail"].startswith(sentence)


@pytest.mark.parametrize("token_text", ["", "desk_wrong", "\u00e9", "Bearer"])
def test_an_invalid_token_is_refused(token_text):
    response = request_entries(token_text)

    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert "Send a valid access token" in response.json()["detail"]


def test_a_session_does_not_replace_a_valid_token():
    _, browser = signed_in()

    assert browser.get(ADDRESS).status_code == 200
    assert browser.get(ADDRESS, headers={"Authorization": "Bearer desk_x"}).status_code == 401


def test_a_token_gives_no_access_to_pages(token):
    for address in ("/audit/", "/exports/", PAGE, "/"):
        response = Client().get(address, headers={"Authorization": f"Bearer {token}"})
        assert response.status_code == 302
        assert response["Location"].startswith("/login/")


def test_a_token_expires():
    user, browser = signed_in()
    token = create_token(browser, days="7")

    with move_clock(days=6, hours=23):
        assert request_entries(token).status_code == 200
    with move_clock(days=7, minutes=1):
        user.last_login = datetime.now(UTC)
        user.save()
        assert request_entries(token).status_code == 401


def test_a_token_ends_when_its_owner_no_longer_signs_in():
    user, browser = signed_in()
    token = create_token(browser, days="90")

    with move_clock(days=31):
        assert request_entries(token).status_code == 401
        user.last_login = datetime.now(UTC)
        user.save()
        assert request_entries(token).status_code == 200


@pytest.mark.parametrize(
    ("lost", "status"),
    [
        pytest.param({"roles": ["manager"]}, 403, id="another role"),
        pytest.param({"roles": []}, 403, id="no role"),
        pytest.param({"is_active": False}, 401, id="closed"),
    ],
)
def test_a_token_has_the_current_roles_of_its_owner(lost, status):
    user, browser = signed_in()
    token = create_token(browser)

    for name, value in lost.items():
        setattr(user, name, value)
    user.save()

    response = request_entries(token)
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")


def test_only_the_hash_of_a_token_is_stored(token):
    stored = json.dumps(list(AccessToken.objects.values()), default=str)
    logged = b"".join(bytes(body) for body in LogEntry.objects.values_list("body", flat=True))

    assert token not in stored
    assert token.encode() not in logged


def test_creating_and_revoking_are_recorded():
    user, browser = signed_in()
    token = create_token(browser)
    creation = newest()
    own_token = user.access_tokens.get()

    response = browser.post(f"{PAGE}{own_token.pk}/revoke")

    assert (response.status_code, response["Location"]) == (302, PAGE)
    assert (creation["action"], creation["subject"]) == (
        "access_token.created",
        f"token/{own_token.pk}",
    )
    assert creation["detail"]["name"] == "GRC"
    assert newest()["action"] == "access_token.revoked"
    assert request_entries(token).status_code == 401


def test_a_token_is_revoked_by_its_owner_only(token):
    own_token = AccessToken.objects.get()

    assert signed_in()[1].post(f"{PAGE}{own_token.pk}/revoke").status_code == 404
    assert request_entries(token).status_code == 200


def test_signing_out_everywhere_revokes_tokens(token):
    owner = AccessToken.objects.get().user

    signed_in("admin")[1].post(f"/sessions/{owner.pk}/end")

    assert not AccessToken.objects.exists()
    assert request_entries(token).status_code == 401


@pytest.mark.parametrize(
    ("params", "status", "sentence"),
    [
        pytest.param({"name": " "}, 422, "Enter what the token is for.", id="no name"),
        pytest.param({"days": "400"}, 422, "Choose how long it is valid.", id="too long"),
        pytest.param({"name": "GRC"}, 409, "You have a token of this name already.", id="twice"),
    ],
)
def test_the_page_says_why_no_token_was_created(params, status, sentence):
    _, browser = signed_in()
    create_token(browser)

    response = browser.post(PAGE, {"name": "other", "days": "30"} | params)

    assert (response.status_code, response.context["new_token"]) == (status, "")
    assert sentence in response.content.decode()
    assert AccessToken.objects.count() == 1


def test_a_person_has_a_limited_number_of_tokens():
    _, browser = signed_in()
    for number in range(MAX_TOKENS):
        create_token(browser, name=str(number))

    response = browser.post(PAGE, {"name": "one more", "days": "30"})

    assert response.status_code == 409
    assert AccessToken.objects.count() == MAX_TOKENS


def test_a_manager_has_no_tokens():
    _, browser = signed_in("manager")

    assert browser.get(PAGE).status_code == 403
    assert browser.get(ADDRESS).status_code == 403


def test_the_api_is_rate_limited(token):
    responses = [request_entries(token, limit="1") for _ in range(121)]

    assert [response.status_code for response in responses] == [200] * 120 + [429]
    assert responses[-1]["Retry-After"] == "60"
    assert responses[-1].json()["title"] == "Too many requests"


def test_errors_are_returned_as_json(token, monkeypatch):
    monkeypatch.setattr("assignments.views.log_api.fetch_results", lambda *_, **__: 1 / 0)
    program = Client(raise_request_exception=False)

    response = program.get(ADDRESS, headers={"Authorization": f"Bearer {token}"})

    assert response.status_code == 500
    assert response.json()["request_id"] == response["X-Request-ID"]


def test_an_unknown_url_is_returned_as_json(token):
    response = Client().get("/api/nothing", headers={"Authorization": f"Bearer {token}"})

    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


def test_the_command_prints_matches(capsys):
    seq = write(created(1), created(2))

    call_command("audit", "search", "person:learner/12", "--limit=1")

    assert capsys.readouterr().out.splitlines() == [
        f"{seq + 1:>9}  {AT:%Y-%m-%dT%H:%M:%S.%fZ}  "
        f"{PRIYA.name} assigned GDPR Essentials 2027 to {ELIF.name}",
        "2 entries found.",
        f"Continue with --before {seq + 1}",
    ]
    assert newest()["actor"]["means"] == "command"


def test_the_command_refuses_invalid_options():
    with pytest.raises(CommandError, match="--limit: Ensure this value is less than"):
        call_command("audit", "search", "--limit=9000")
    with pytest.raises(CommandError, match="There is no month 13"):
        call_command("audit", "search", "when:2026-13")
