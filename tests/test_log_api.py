"""The log for programs: the same search as JSON, and the tokens that let a program in."""

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


def later(**how_long):
    """Return the machine's clock moved on, still running."""
    return time_machine.travel(datetime.now(UTC) + timedelta(**how_long), tick=True)


def signed_in(role="auditor"):
    """Return somebody and their browser."""
    user, browser = make_user(role), Client()
    browser.force_login(user)
    return user, browser


def made(browser, **asked):
    """Return a new token, as the page shows it."""
    return browser.post(PAGE, {"name": "GRC", "days": "30"} | asked).context["new_token"]


def ask(token="", **asked):
    """Return what a program is answered."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return Client().get(ADDRESS, asked, headers=headers)


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
    return made(signed_in()[1])


def test_the_api_answers_with_entries_as_the_page_shows_them(token):
    seq = write(created(1))

    found = ask(token, q="person:learner/12").json()

    assert (found["search"], found["count"], found["is_capped"]) == ("person:learner/12", 1, False)
    assert (found["next_before"], found["next"]) == (None, None)
    (entry,) = found["entries"]
    stored = LogEntry.objects.get(seq=seq)
    assert entry["entry"] == seq
    assert entry["sentence"] == f"{PRIYA.name} assigned GDPR Essentials 2027 to {ELIF.name}"
    assert entry["people"][0]["name"] == ELIF.name
    assert (entry["leaf"], entry["body"]) == (stored.leaf.hex(), json.loads(bytes(stored.body)))


@pytest.mark.parametrize(("asked", "count"), SEARCHES)
def test_page_command_and_api_find_the_same(token, capsys, asked, count):
    write_searched_entries()

    page = signed_in()[1].get("/audit/", {"q": asked})
    api = ask(token, q=asked).json()
    call_command("audit", "search", asked, "--json")

    command = json.loads(capsys.readouterr().out)
    shown = [line.seq for line in page.context["lines"]]
    assert len(shown) == page.context["count"] == api["count"] == command["count"] == count
    assert [one["entry"] for one in api["entries"]] == shown
    assert command["entries"] == api["entries"]


def test_a_program_walks_through_everything_without_a_gap(token):
    last = write(*(created(number) for number in range(1, 26))) + 24

    address, seen = f"{ADDRESS}?q=person:learner/12&limit=10", []
    while address:
        found = Client().get(address, headers={"Authorization": f"Bearer {token}"}).json()
        seen += [one["entry"] for one in found["entries"]]
        address = found["next"]

    assert seen == list(range(last, last - 25, -1))


def test_every_answer_is_an_entry_that_names_the_owner():
    user, browser = signed_in()
    token = made(browser)

    ask(token, q="elif", before="7")

    entry = newest()
    assert (entry["action"], entry["actor"]["ref"]) == ("log.searched", f"user/{user.pk}")
    assert entry["actor"]["means"] == "api"
    assert entry["detail"] == {"entries": 0, "search": "…"}


def test_what_is_asked_wrongly_is_told_where(token):
    answer = ask(token, q="elif when:2026-13")

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    told = answer.json()
    assert told["detail"].startswith("There is no month 13.")
    assert told["query"][told["start"] : told["end"]] == "2026-13"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        pytest.param({"limit": "501"}, "limit: Ensure this value is less than or equal to 500."),
        pytest.param({"limit": "0"}, "limit: Ensure this value is greater than or equal to 1."),
        pytest.param({"before": "x"}, "before: Enter a whole number."),
        pytest.param(
            {"before": "9" * 40}, "before: Ensure this value is less than", id="too large"
        ),
    ],
)
def test_a_number_that_is_none_is_named(token, asked, told):
    answer = ask(token, **asked)

    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(told)


@pytest.mark.parametrize("given", ["", "desk_wrong", "\u00e9", "Bearer"])
def test_without_a_good_token_a_program_is_told_what_it_needs(given):
    answer = ask(given)

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert "Send a valid access token" in answer.json()["detail"]


def test_a_wrong_token_is_not_helped_by_a_session():
    _, browser = signed_in()

    assert browser.get(ADDRESS).status_code == 200
    assert browser.get(ADDRESS, headers={"Authorization": "Bearer desk_x"}).status_code == 401


def test_a_token_opens_no_page(token):
    for address in ("/audit/", "/exports/", PAGE, "/"):
        answer = Client().get(address, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 302
        assert answer["Location"].startswith("/login/")


def test_a_token_ends_on_its_day():
    user, browser = signed_in()
    token = made(browser, days="7")

    with later(days=6, hours=23):
        assert ask(token).status_code == 200
    with later(days=7, minutes=1):
        user.last_login = datetime.now(UTC)
        user.save()
        assert ask(token).status_code == 401


def test_a_token_ends_when_its_owner_stays_away():
    user, browser = signed_in()
    token = made(browser, days="90")

    with later(days=31):
        assert ask(token).status_code == 401
        user.last_login = datetime.now(UTC)
        user.save()
        assert ask(token).status_code == 200


@pytest.mark.parametrize(
    ("lost", "status"),
    [
        pytest.param({"roles": ["manager"]}, 403, id="another role"),
        pytest.param({"roles": []}, 403, id="no role"),
        pytest.param({"is_active": False}, 401, id="closed"),
    ],
)
def test_a_token_gives_the_roles_that_its_owner_has_now(lost, status):
    user, browser = signed_in()
    token = made(browser)

    for name, value in lost.items():
        setattr(user, name, value)
    user.save()

    answer = ask(token)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")


def test_of_a_token_only_its_hash_is_kept(token):
    stored = json.dumps(list(AccessToken.objects.values()), default=str)
    logged = b"".join(bytes(body) for body in LogEntry.objects.values_list("body", flat=True))

    assert token not in stored
    assert token.encode() not in logged


def test_making_and_revoking_are_entries():
    user, browser = signed_in()
    token = made(browser)
    was_made = newest()
    mine = user.access_tokens.get()

    answer = browser.post(f"{PAGE}{mine.pk}/revoke")

    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert (was_made["action"], was_made["subject"]) == ("access_token.created", f"token/{mine.pk}")
    assert was_made["detail"]["name"] == "GRC"
    assert newest()["action"] == "access_token.revoked"
    assert ask(token).status_code == 401


def test_nobody_revokes_the_token_of_another(token):
    mine = AccessToken.objects.get()

    assert signed_in()[1].post(f"{PAGE}{mine.pk}/revoke").status_code == 404
    assert ask(token).status_code == 200


def test_signing_somebody_out_everywhere_ends_their_tokens(token):
    owner = AccessToken.objects.get().user

    signed_in("admin")[1].post(f"/sessions/{owner.pk}/end")

    assert not AccessToken.objects.exists()
    assert ask(token).status_code == 401


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        pytest.param({"name": " "}, 422, "Enter what the token is for.", id="no name"),
        pytest.param({"days": "400"}, 422, "Choose how long it is valid.", id="too long"),
        pytest.param({"name": "GRC"}, 409, "You have a token of this name already.", id="twice"),
    ],
)
def test_the_page_says_why_there_is_no_token(asked, status, said):
    _, browser = signed_in()
    made(browser)

    answer = browser.post(PAGE, {"name": "other", "days": "30"} | asked)

    assert (answer.status_code, answer.context["new_token"]) == (status, "")
    assert said in answer.content.decode()
    assert AccessToken.objects.count() == 1


def test_nobody_has_more_tokens_than_they_can_oversee():
    _, browser = signed_in()
    for number in range(MAX_TOKENS):
        made(browser, name=str(number))

    answer = browser.post(PAGE, {"name": "one more", "days": "30"})

    assert answer.status_code == 409
    assert AccessToken.objects.count() == MAX_TOKENS


def test_a_manager_has_no_tokens():
    _, browser = signed_in("manager")

    assert browser.get(PAGE).status_code == 403
    assert browser.get(ADDRESS).status_code == 403


def test_a_program_that_asks_too_often_is_told_to_wait(token):
    answers = [ask(token, limit="1") for _ in range(121)]

    assert [answer.status_code for answer in answers] == [200] * 120 + [429]
    assert answers[-1]["Retry-After"] == "60"
    assert answers[-1].json()["title"] == "Too many requests"


def test_what_fails_is_told_to_programs_as_json(token, monkeypatch):
    monkeypatch.setattr("assignments.views.log_api.fetch_results", lambda *_, **__: 1 / 0)
    program = Client(raise_request_exception=False)

    answer = program.get(ADDRESS, headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 500
    assert answer.json()["request_id"] == answer["X-Request-ID"]


def test_an_address_that_is_none_is_told_to_programs_as_json(token):
    answer = Client().get("/api/nothing", headers={"Authorization": f"Bearer {token}"})

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_the_command_prints_what_it_finds(capsys):
    seq = write(created(1), created(2))

    call_command("audit", "search", "person:learner/12", "--limit=1")

    assert capsys.readouterr().out.splitlines() == [
        f"{seq + 1:>9}  {AT:%Y-%m-%dT%H:%M:%S.%fZ}  "
        f"{PRIYA.name} assigned GDPR Essentials 2027 to {ELIF.name}",
        "2 entries found.",
        f"Continue with --before {seq + 1}",
    ]
    assert newest()["actor"]["means"] == "command"


def test_the_command_says_what_it_does_not_take():
    with pytest.raises(CommandError, match="--limit: Ensure this value is less than"):
        call_command("audit", "search", "--limit=9000")
    with pytest.raises(CommandError, match="There is no month 13"):
        call_command("audit", "search", "when:2026-13")
