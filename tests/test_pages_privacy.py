"""The pages and the command by which administrators erase and hold people."""

import json
import re

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from assignments.audit.log import Event, record
from assignments.audit.verification.whole_log import verdict_on_log
from assignments.models import Learner, LegalHold, LogEntry
from assignments.services.batches import row_changes
from tests.factories import AT, make_batch, make_learner, make_user
from tests.log_fixtures import PRIYA

pytestmark = pytest.mark.django_db
RETENTION = "/settings/privacy/retention"
NAME, EMAIL = "Xqzelif Wvkyilmaz", "xqzelif.wvk@northwind.example"


@pytest.fixture
def person():
    """Return somebody with one assignment and its entry."""
    person = make_learner(name=NAME, email=EMAIL)
    batch = make_batch([{"state": "created", "learner": person}])
    record(
        row_changes.row_event(batch.assignments.get(), "assignment.created", "created"),
        by=PRIYA,
        at=AT,
    )
    return person


@pytest.fixture
def admin(client):
    """Return a signed-in administrator's client."""
    client.force_login(make_user("admin", email="sam@northwind.example"))
    return client


def words(response):
    """Return what a page says, without markup and on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def address(person, name="privacy-person"):
    """Return the page of a person of the LMS."""
    return reverse(name, args=["learner", person.pk])


def test_somebody_is_found_by_a_part_of_the_name(admin, person):
    user = make_user("manager", name="Xqzanna")

    page = admin.get(reverse("privacy"), {"q": "xqz"})

    for link in (address(person), reverse("privacy-person", args=["user", user.pk])):
        assert link in page.content.decode()
    assert "Write at least two letters." in words(admin.get(reverse("privacy"), {"q": "x"}))
    assert "No results" in words(admin.get(reverse("privacy"), {"q": "nobody here"}))


def test_the_page_says_what_goes_and_what_stays(admin, person):
    record(
        Event(action="batch.paused", subject="batch/1", detail={"reason": f"{NAME} called"}),
        by=PRIYA,
        at=AT,
    )
    other = make_user("manager", email=EMAIL)

    said = words(admin.get(address(person)))

    assert "3 names and addresses beside the audit log" in said
    assert "1 assignment and 1 entry of the log, as those of “an erased person”" in said
    assert f"The LMS’s own id {person.remote_id}" in said
    assert "name them in 1 entry that cannot be changed without breaking the log: 1 ." in said
    assert f"The same e-mail is known as user/{other.pk} as well." in said


def test_erasing_leads_to_its_entry_and_no_page_names_the_person(admin, person, client):
    answer = admin.post(address(person), {"reason": "Letter of 12 November", "understood": "yes"})

    entry = LogEntry.objects.get(action="personal_data.erased")
    assert answer["Location"] == reverse("entry", args=[entry.seq])
    batch = person.assignments.get().batch
    pages = [
        reverse("people"),
        f"{reverse('people')}?q=erased",
        reverse("person", args=[person.pk]),
        reverse("batch", args=[batch.pk]),
        reverse("assignment-history", args=[person.pk, person.assignments.get().content_id]),
        reverse("audit"),
        reverse("entry", args=[0]),
        reverse("entry", args=[entry.seq]),
    ]
    for role in ("manager", "auditor", "admin"):
        client.force_login(make_user(role))
        for page in pages:
            said = client.get(page)
            assert (page, said.status_code) == (page, 200)
            assert (page, "xqzelif" in said.content.decode().lower()) == (page, False)
        assert "an erased person" in words(client.get(pages[2]))
        searched = client.get(reverse("people"), {"q": "Xqzelif"})
        assert reverse("person", args=[person.pk]) not in searched.content.decode()
    client.force_login(make_user("admin"))
    again = words(client.get(address(person)))
    assert "This person has been erased already." in again
    assert "Legal hold" not in again


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"understood": "yes"}, "Give a reason. It stays in the log."),
        ({"reason": "Asked"}, "Confirm that this cannot be undone."),
        (
            {"reason": f"{NAME} asked", "understood": "yes"},
            "Leave the person&#x27;s name out of the reason: it stays in the log.",
        ),
    ],
)
def test_the_form_says_what_is_missing(admin, person, given, problem):
    answer = admin.post(address(person), given)

    assert answer.status_code == 422
    assert problem in answer.content.decode()
    assert Learner.objects.get(pk=person.pk).name == NAME


@pytest.mark.parametrize(("kind", "pk"), [("learner", 99), ("batch", 1)])
def test_nobody_is_not_there(admin, kind, pk):
    assert admin.get(reverse("privacy-person", args=[kind, pk])).status_code == 404


def test_placing_and_releasing_a_hold_are_logged(admin, person):
    hold = address(person, "privacy-hold")

    assert admin.post(hold, {"reason": "Case 7"})["Location"] == address(person)
    assert "is under a legal hold since" in words(admin.get(address(person)))
    listed = words(admin.get(reverse("privacy")))
    assert f"{NAME} Case 7" in listed
    refused = admin.post(hold, {"reason": "Case 8"})
    assert "There is a legal hold already." in words(refused)
    admin.post(hold, {"reason": "Closed", "act": "release"})

    assert not LegalHold.objects.exists()
    told = LogEntry.objects.filter(action__startswith="legal_hold.").order_by("seq")
    ref = f"learner/{person.pk}"
    assert list(told.values_list("action", "subject", "person", "result")) == [
        ("legal_hold.placed", ref, ref, "placed"),
        ("legal_hold.released", ref, ref, "released"),
    ]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"reason": "Closed", "act": "release"}, "There is no legal hold to release."),
        ({"reason": " "}, "Give a reason. It stays in the log."),
        ({"reason": NAME}, "Leave the person&#x27;s name out of the reason"),
    ],
)
def test_a_hold_that_cannot_be(admin, person, given, problem):
    answer = admin.post(address(person, "privacy-hold"), given)

    assert answer.status_code == 422
    assert problem in answer.content.decode()
    assert not LegalHold.objects.exists()


def test_a_hold_on_an_account(admin, person):
    hold = reverse("privacy-hold", args=["account", person.account_id])

    assert admin.post(hold, {"reason": "Case 7"})["Location"] == reverse("privacy")
    assert "Cornerstone is under a legal hold" in words(admin.get(reverse("privacy")))
    assert "A legal hold on their account forbids it." in words(admin.get(address(person)))
    missing = admin.post(reverse("privacy-hold", args=["account", 99]), {"reason": "Case 7"})
    assert (
        missing.status_code,
        "No person or account has the ref account/99" in words(missing),
    ) == (422, True)


def test_the_command_does_the_same(admin, person, capsys):
    asked = ["erase", f"learner/{person.pk}", "--as", "sam@northwind.example", "--reason", "Asked"]

    call_command(*asked, "--dry-run", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "ref": f"learner/{person.pk}",
        "values": 3,
        "rows": 1,
        "entries": 1,
        "naming_entries": [],
        "other_refs": [],
    }
    assert Learner.objects.get(pk=person.pk).name == NAME
    call_command(*asked, "--yes", "--json")

    done = json.loads(capsys.readouterr().out)
    assert (done["ref"], done["rows"], done["naming_entries"]) == (f"learner/{person.pk}", 1, [])
    entry = LogEntry.objects.get(seq=done["entry"])
    assert (entry.action, entry.actor[:5]) == ("personal_data.erased", "user/")
    assert Learner.objects.get(pk=person.pk).name == ""
    assert verdict_on_log().word == "not sealed"


@pytest.mark.parametrize(("answer", "name"), [("y", ""), ("no", NAME)])
def test_the_command_asks_first(admin, person, monkeypatch, capsys, answer, name):
    make_user("auditor", email=EMAIL)
    record(
        Event(action="batch.paused", subject="batch/1", detail={"reason": f"{NAME} called"}),
        by=PRIYA,
        at=AT,
    )
    monkeypatch.setattr("builtins.input", lambda _: answer)
    asked = ["erase", f"learner/{person.pk}", "--as", "sam@northwind.example", "--reason", "Asked"]

    if name:
        with pytest.raises(CommandError, match="Nothing was erased"):
            call_command(*asked)
    else:
        call_command(*asked)
        assert "rows still count. These entries name them" in capsys.readouterr().out

    assert Learner.objects.get(pk=person.pk).name == name


def test_the_command_finds_one_person_and_tells_of_several(admin, person, capsys):
    asked = ["--as", "sam@northwind.example", "--reason", "Asked", "--dry-run"]

    call_command("erase", EMAIL, *asked)
    assert f"{NAME} (learner/{person.pk}) will be erased" in capsys.readouterr().out
    other = make_user("manager", email=EMAIL)
    with pytest.raises(CommandError, match=f"several: learner/{person.pk}, user/{other.pk}. Name"):
        call_command("erase", EMAIL, *asked)
    with pytest.raises(CommandError, match="Nobody matches 'nobody at all'"):
        call_command("erase", "nobody at all", *asked)


def test_the_command_refuses_what_the_page_refuses(admin, person):
    asked = ["erase", f"learner/{person.pk}", "--yes", "--reason"]

    with pytest.raises(CommandError, match="is not an administrator"):
        call_command(*asked, "Asked", "--as", make_user("manager").email)
    with pytest.raises(CommandError, match="Leave the person's name out"):
        call_command(*asked, NAME, "--as", "sam@northwind.example")
    LegalHold.objects.create(
        ref=f"learner/{person.pk}", reason="7", placed_by="user/1", placed_at=AT
    )
    with pytest.raises(CommandError, match="A legal hold on this person"):
        call_command(*asked, "Asked", "--as", "sam@northwind.example")


def test_how_long_entries_are_kept_is_said_for_each_account_and_for_none(admin, person):
    account = person.account.remote_id

    for whose, months in ((account, "36"), ("", "24")):
        answer = admin.post(RETENTION, {"account": whose, "months": months})
        assert answer["Location"] == reverse("privacy")

    page = admin.get(reverse("privacy")).content.decode()
    assert re.findall(r'name="months"[^>]*value="(\d*)"', page) == ["36", "24"]
    changed = LogEntry.objects.filter(action="retention.changed").order_by("seq")
    assert [(one.account, one.result) for one in changed] == [(account, "changed"), ("", "changed")]
    assert json.loads(bytes(changed[0].body))["detail"] == {"months": 36, "previous_months": None}


def test_entries_are_kept_for_ever_again_when_nothing_is_said(admin, person):
    for months in ("36", "36", ""):
        admin.post(RETENTION, {"account": person.account.remote_id, "months": months})

    changed = LogEntry.objects.filter(action="retention.changed").order_by("seq")
    assert [one.result for one in changed] == ["changed", "for ever"], "the same again is no change"
    assert 'placeholder="for ever"' in admin.get(reverse("privacy")).content.decode()


@pytest.mark.parametrize("months", ["23", "601", "-1", "many", "24.5", "9" * 30])
def test_a_period_that_is_too_short_or_none_is_refused(admin, person, months):
    answer = admin.post(RETENTION, {"account": person.account.remote_id, "months": months})

    assert answer.status_code == 422
    assert "Give 24 to 600 months, or leave it empty to keep them for ever." in words(answer)
    assert not LogEntry.objects.filter(action="retention.changed").exists()


def test_an_account_that_is_not_there_has_no_period(admin, person):
    answer = admin.post(RETENTION, {"account": "nobody's", "months": "24"})

    assert (answer.status_code, "There is no account nobody&#x27;s." in words(answer)) == (
        422,
        True,
    )
