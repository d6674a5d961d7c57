"""The command `batch`: listing, showing and controlling batches."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from assignments.models import LogEntry
from tests.approval_fixtures import make_second, make_waiting
from tests.factories import AT, log_submission, make_batch
from tests.factories import make_user as user

pytestmark = pytest.mark.django_db

GONE = {"state": "rejected", "response_status": 404, "problem": "No such person."}
HAS_IT = {"state": "rejected", "response_status": 409, "problem": "Already on the transcript."}


def run(*words):
    """Run `batch` and return what it printed."""
    out = StringIO()
    call_command("batch", *words, stdout=out)
    return out.getvalue()


@pytest.fixture
def priya():
    """Return a manager's e-mail."""
    return user("manager").email


def states(batch):
    """Return the states of the batch and of its rows in the plan's order."""
    batch.refresh_from_db()
    rows = batch.assignments.order_by("position").values_list("state", flat=True)
    return (batch.state, list(rows))


def test_list_prints_the_newest_batch_first():
    older, newer = make_batch(["created"], title="Fire Safety"), make_batch([], title="Phishing")

    assert run("list").splitlines() == [
        f"{newer}  done             0  Phishing",
        f"{older}  done             1  Fire Safety",
    ]
    batches = json.loads(run("list", "--json"))
    assert [(each["batch"], each["title"]) for each in batches] == [
        (str(newer), "Phishing"),
        (str(older), "Fire Safety"),
    ]


def test_show_prints_the_pause_reason_and_failures():
    batch = make_batch(
        ["created", dict(GONE), dict(GONE), "unknown"], state="paused", pause_reason="Asked to."
    )

    assert run("show", str(batch)).splitlines() == [
        f"{batch}: Paused. 1 created, 2 rejected, 1 unknown.",
        "  Asked to.",
        "  2: No such person. (404)",
        "  1: It did not answer in time.",
    ]


def test_show_prints_all_fields_as_json():
    batch = make_batch(["planned", dict(GONE)], state="waiting", starts_at=AT)

    assert json.loads(run("show", str(batch.number), "--json")) == {
        "batch": str(batch),
        "state": "waiting",
        "title": batch.title,
        "people": 2,
        "by": "Priya Mehta",
        "starts_at": "2026-11-23T10:00:00+00:00",
        "pause_reason": "",
        "plan_digest": batch.plan_digest,
        "approval": None,
        "counts": {"planned": 1, "rejected": 1},
        "reasons": [{"count": 1, "status": 404, "problem": "No such person."}],
        "changed": None,
    }


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        pytest.param("hold", "waiting", "held", id="hold"),
        pytest.param("undo", "held", "cancelled", id="undo"),
        pytest.param("pause", "running", "paused", id="pause"),
        pytest.param("resume", "paused", "running", id="resume"),
        pytest.param("stop", "running", "stopped", id="stop"),
    ],
)
def test_action_changes_the_state_and_logs_the_reason(priya, action, before, after):
    batch = make_batch(["planned"], state=before, starts_at=AT)

    output = json.loads(
        run(action, str(batch), "--as", priya, "--reason", "Wrong course", "--json")
    )

    assert (output["state"], states(batch)[0]) == (after, after)
    body = json.loads(bytes(LogEntry.objects.filter(action__startswith="batch.").get().body))
    assert (body["actor"]["means"], body["detail"]["reason"]) == ("command", "Wrong course")


def test_approve_accepts_the_plan_hash_from_another_manager(clock):
    batch, daniel = make_waiting(), make_second().email
    assert run("show", str(batch)).splitlines() == [
        f"{batch}: Waiting for approval. 2 planned.",
        f"  Plan {batch.plan_digest}, to be decided until Thursday 26 November 2026, 12:00 "
        "(Europe/London).",
        "  Fire Safety is marked as mandatory.",
    ]

    output = json.loads(
        run("approve", str(batch), "--as", daniel, "--plan", batch.plan_digest, "--json")
    )

    assert (output["state"], output["approval"]) == (
        "waiting",
        {
            "reasons": ["Fire Safety is marked as mandatory."],
            "expires_at": "2026-11-26T12:00:00+00:00",
            "decision": "approved",
            "by": "Daniel Osei",
            "reason": "",
        },
    )
    body = json.loads(bytes(LogEntry.objects.get(action="batch.approved").body))
    assert (body["actor"]["means"], body["detail"]["plan_digest"]) == (
        "command",
        batch.plan_digest,
    )


@pytest.mark.parametrize(
    ("action", "by", "more", "sentence"),
    [
        pytest.param(
            "approve", "priya", ["--plan", "{sha256}"], "You submitted it", id="own batch"
        ),
        pytest.param("approve", "daniel", ["--plan", "0" * 64], "not the plan", id="wrong hash"),
        pytest.param("reject", "daniel", [], "Say why you reject it", id="no reason"),
        pytest.param(
            "reject", "priya", ["--reason", "No"], "You submitted it", id="own batch, rejected"
        ),
        pytest.param(
            "withdraw", "daniel", [], "Only Priya Mehta can withdraw", id="withdrawn by another"
        ),
        pytest.param("start", "daniel", [], "waits for another manager", id="start"),
    ],
)
def test_invalid_decision_is_refused_with_its_reason(clock, action, by, more, sentence):
    batch = make_waiting()
    email = {"priya": batch.by.email, "daniel": make_second().email}[by]

    words = [word.format(sha256=batch.plan_digest) for word in more]

    with pytest.raises(CommandError) as refusal:
        run(action, str(batch), "--as", email, *words)

    assert (sentence in str(refusal.value), refusal.value.returncode) == (True, 1)
    assert states(batch)[0] == "approval"


@pytest.mark.parametrize(
    ("action", "by", "state"),
    [
        pytest.param("reject", "daniel", "rejected", id="reject"),
        pytest.param("withdraw", "priya", "cancelled", id="withdraw"),
    ],
)
def test_reject_and_withdraw_end_a_waiting_batch(clock, action, by, state):
    batch = make_waiting()
    email = {"priya": batch.by.email, "daniel": make_second().email}[by]

    output = json.loads(
        run(action, str(batch), "--as", email, "--reason", "Wrong course", "--json")
    )

    assert (output["approval"]["reason"], states(batch)) == (
        "Wrong course",
        (state, ["cancelled", "cancelled"]),
    )


def test_start_starts_a_held_batch(priya):
    batch = make_batch(["planned"], state="held")
    log_submission(batch)

    assert run("start", str(batch), "--as", priya) == f"{batch}: Running. 1 planned.\n"


@pytest.mark.parametrize(
    ("words", "changed", "after"),
    [
        pytest.param(["retry"], 3, ["queued", "queued", "queued"], id="retry all"),
        pytest.param(["retry", "--row", "2"], 1, ["rejected", "queued", "unknown"], id="retry one"),
        pytest.param(["accept"], 1, ["rejected", "skipped", "unknown"], id="accept"),
        pytest.param(["leave"], 1, ["rejected", "rejected", "skipped"], id="leave"),
    ],
)
def test_row_actions_change_the_rows(priya, words, changed, after):
    batch = make_batch([dict(GONE), dict(HAS_IT), "unknown"])

    output = json.loads(run(words[0], str(batch), "--as", priya, *words[1:], "--json"))

    assert (output["changed"], states(batch)[1]) == (changed, after)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(["pause", "{batch}"], "It is not running.", id="wrong state"),
        pytest.param(
            ["accept", "{batch}"],
            "Nothing here was refused because the LMS has it",
            id="no matching row",
        ),
        pytest.param(["stop", "B-9999"], "There is no batch B-9999.", id="no such batch"),
        pytest.param(["stop", "lots"], "'lots' is not the number of a batch", id="no number"),
        pytest.param(
            ["stop", "{batch}", "--reason", "x" * 501], "Shorten the reason", id="a long reason"
        ),
    ],
)
def test_refused_action_exits_with_its_reason(priya, words, sentence):
    batch = make_batch(["created"])

    with pytest.raises(CommandError) as refusal:
        run(*(word.format(batch=batch) for word in words), "--as", priya)

    assert (sentence in str(refusal.value), refusal.value.returncode) == (True, 1)


def test_actions_require_a_manager():
    batch = make_batch(["planned"], state="running")

    with pytest.raises(CommandError, match="is not a manager who has signed in once"):
        run("pause", str(batch), "--as", user("auditor").email)

    assert states(batch)[0] == "running"


def test_help_describes_each_action(capsys):
    with pytest.raises(SystemExit) as end:
        call_command("batch", "--help")

    text = capsys.readouterr().out
    assert end.value.code == 0
    assert all(f"    {word} " in text for word in ("list", "show", "hold", "accept", "leave"))
    assert "Exit codes: 0 done, 1 refused" in " ".join(text.split())
