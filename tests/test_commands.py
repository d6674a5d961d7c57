"""The commands `assign`, `sync` and `doctor`, run in this process against the sandbox."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from assignments.models import Assignment, Batch, Content, Draft, Learner, SyncRun, Worker
from assignments.queries.formatting import moment
from assignments.services.submitting import start_time
from assignments.services.syncing import read_failures
from tests.recorder import Recorder, Reply, serving
from tests.xlsx_files import workbook

pytestmark = pytest.mark.django_db


def run(*words, **options):
    """Run a command and return what it printed."""
    out = StringIO()
    call_command(*words, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


@pytest.fixture
def item():
    """Return a function that finds the reference of an assignable item that nobody has."""

    def find():
        free = Content.objects.filter(is_active=True, remote_assignments=None)
        return free.exclude(external_reference="").earliest("pk").external_reference

    return find


def assign(desk, item, *more, people="--all"):
    """Run `assign` as the manager."""
    return run(
        "assign",
        "--as",
        desk.owner.email,
        *people.split(),
        "--content",
        item(),
        "--due",
        "2027-01-15",
        "--status",
        "pending",
        *more,
    )


def test_assign_creates_assignments_and_prints_counts(desk, item):
    result = json.loads(assign(desk, item, "--yes", "--wait", "--json"))

    everybody = Learner.objects.filter(is_active=True).count()
    assert (result["state"], result["counts"]) == ("done", {"created": everybody})
    assert desk.lms.stats()["assignments"] == everybody


def test_assign_requests_an_approval_and_sends_nothing(desk, item, settings):
    settings.APPROVAL_THRESHOLD = 10

    output = assign(desk, item, "--yes")

    assert "Needs another manager's approval: It has " in output
    assert "Waiting for approval. " in output
    assert (Batch.objects.get().state, desk.lms.stats()["assignments"]) == ("approval", 0)


def test_assign_with_wait_ends_when_an_approval_is_needed(desk, item, settings):
    settings.APPROVAL_THRESHOLD = 10

    with pytest.raises(CommandError, match="It waits for another manager's approval") as end:
        assign(desk, item, "--yes", "--wait")

    assert (end.value.returncode, Batch.objects.get().state) == (3, "approval")


def test_assign_prints_the_plan_and_asks_for_confirmation(desk, item, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _: "n")

    output = assign(desk, item)

    assert output.startswith("Plan ")
    assert " to create, 0 skipped." in output
    assert "First: POST http://127.0.0.1:" in output
    assert Batch.objects.get().state == "planned"


def test_assign_reads_people_from_a_text_file(desk, item, tmp_path):
    first, second = Learner.objects.filter(is_active=True).exclude(email="")[:2]
    people = tmp_path / "people.txt"
    people.write_text(f"{first.email.upper()}\n\n  {second.external_reference}\n", "utf-8-sig")

    output = assign(desk, item, "--yes", "--wait", people=f"--learners {people}")

    assert "Done. 2 created." in output


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_assign_reads_people_from_a_spreadsheet(desk, item, tmp_path, kind):
    people = Learner.objects.filter(is_active=True).exclude(email="")[:2]
    rows = [["Name", "E-mail"], *([learner.name, learner.email] for learner in people)]
    text = "\n".join(";".join(row) for row in rows)
    file = tmp_path / f"people.{kind}"
    file.write_bytes(workbook(*rows) if kind == "xlsx" else text.encode("utf-16"))

    output = assign(desk, item, "--yes", "--wait", people=f"--learners {file}")

    assert "Done. 2 created." in output


def test_assign_asks_for_the_column_if_several_name_people(desk, item, tmp_path):
    people = Learner.objects.filter(is_active=True).exclude(email="")[:2]
    addresses = [learner.email for learner in people]
    file = tmp_path / "people.csv"
    file.write_text("Starter,Contact\n{0},{1}\n{1},{0}\n{0},\n".format(*addresses))

    with pytest.raises(CommandError, match=r"not clear which column names the people.*--column"):
        assign(desk, item, "--yes", people=f"--learners {file}")
    output = assign(desk, item, "--yes", "--wait", people=f"--learners {file} --column Starter")

    assert "Done. 2 created." in output


ROWS = ("01/02/2027", "13/02/2027", "02/14/2027", "04/03/2027")


@pytest.fixture
def assign_rows(desk, item, tmp_path):
    """Return a function that runs `assign` with a file of people, items and due dates."""

    def run_assign(days, *more, heading="E-mail,Course,Due date", reference=None):
        addresses = Learner.objects.filter(is_active=True).exclude(email="").order_by("pk")
        rows = zip(addresses.values_list("email", flat=True), days, strict=False)
        file = tmp_path / "rows.csv"
        lines = [f"{email},{reference or item()},{day}" for email, day in rows]
        file.write_text("\n".join([heading, *lines]))
        words = f"--as {desk.owner.email} --due none --status pending --yes --learners {file}"
        return run("assign", *words.split(), *more)

    return run_assign


def planned_days():
    """Return the due dates of the rows of all batches, sorted."""
    days = Assignment.objects.order_by("due_date").values_list("due_date", flat=True)
    return [f"{due:%d %b}" for due in days]


def test_assign_reads_items_and_due_dates_from_a_file(assign_rows):
    output = assign_rows(["03/04/2027", "2027-05-06", "15. März 2027"])

    assert "3 to create" in output
    assert "Due Monday 15 March 2027: 1 row.\nDue Saturday 3 April 2027: 1 row.\n" in output
    assert "1 row is due at a weekend: Saturday 3 April 2027 (1 row)." in output
    assert planned_days() == ["15 Mar", "03 Apr", "06 May"]


def test_assign_reads_dates_in_the_order_of_the_option_or_of_the_column(assign_rows):
    assign_rows(["03/04/2027", "02/14/2027"])
    assign_rows(["04/05/2027", "06/07/2027"], "--dates", "month-first", "--again")

    assert planned_days() == ["14 Feb", "04 Mar", "05 Apr", "07 Jun"]


@pytest.mark.parametrize(
    ("days", "more", "options", "sentence"),
    [
        (ROWS, (), {}, "contradicts itself: 13/02/2027 in row 3 has the day first, .* Add --dates"),
        (
            ROWS,
            ("--dates", "day-first"),
            {},
            "1 of 4 rows cannot be used:\n  row 4, .*: “02/14/2027” is no date",
        ),
        (["9999-12-31"], (), {}, "row 2, .*: 31 December 9999 is too far away"),
        (ROWS, (), {"reference": "none"}, "No column names items. Add --content."),
        (
            ["2027-01-15,2027-01-16"],
            (),
            {"heading": "E-mail,Course,Due,Deadline"},
            "Several columns hold due dates: “Due”, “Deadline”",
        ),
    ],
)
def test_assign_refuses_rows_that_are_not_clear(
    assign_rows, settings, days, more, options, sentence
):
    settings.TIME_ZONE = "America/New_York"

    with pytest.raises(CommandError, match=sentence):
        assign_rows(days, *more, **options)

    assert not Batch.objects.exists()


def test_assign_to_everybody_needs_content(desk):
    with pytest.raises(CommandError, match="--all needs --content"):
        run("assign", *f"--as {desk.owner.email} --all --due none --status pending".split())


def test_assign_refuses_a_column_without_a_file(desk, item):
    with pytest.raises(CommandError, match="--column is about the file of --learners"):
        assign(desk, item, "--column", "Mail", "--yes")

    assert not Draft.objects.exists()


def test_assign_refuses_a_file_that_is_no_table(desk, item, tmp_path):
    file = tmp_path / "people.csv"
    file.write_bytes(b"\x89PNG")

    with pytest.raises(CommandError, match="This is a picture"):
        assign(desk, item, "--yes", people=f"--learners {file}")


def test_assign_fails_if_not_all_were_created(desk, item, settings, tmp_path):
    settings.SETTLE_SECONDS = 1
    desk.lms.set_faults({"500": 1.0})
    learner = Learner.objects.filter(is_active=True).exclude(external_reference="").earliest("pk")
    people = tmp_path / "one.txt"
    people.write_text(learner.external_reference)

    with pytest.raises(CommandError, match="Not every assignment was created") as problem:
        assign(desk, item, "--yes", "--wait", people=f"--learners {people}")

    assert problem.value.returncode == 3
    assert Batch.objects.get().assignments.get().state == "unknown"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        pytest.param(
            {"--as": "nobody@example.com"},
            "is not a manager who has signed in",
            id="unknown manager",
        ),
        pytest.param(
            {"--content": "NOPE"},
            "--content 'NOPE': No item has this reference, LMS ID or title. Run sync first",
            id="unknown content",
        ),
        pytest.param(
            {"--due": "soon"}, "--due 'soon': Enter the due date as a day", id="invalid due date"
        ),
        pytest.param(
            {"--due": "9999-12-31"},
            "--due '9999-12-31': 31 December 9999 is too far away",
            id="placeholder",
        ),
        pytest.param(
            {"--due": "02/14/2027", "--dates": "day-first"}, "Enter the due date", id="other order"
        ),
        pytest.param(
            {"--due": "2026-01-01"},
            "Choose a due date that is today or later",
            id="due date in the past",
        ),
        pytest.param({"--learners": "/nowhere"}, "cannot be read: ", id="missing file"),
    ],
)
def test_assign_refuses_invalid_options(desk, item, change, sentence):
    words = {
        "--as": desk.owner.email,
        "--content": item(),
        "--due": "none",
        "--status": "pending",
    } | change
    everybody = [] if "--learners" in change else ["--all"]

    with pytest.raises(CommandError, match=sentence) as problem:
        run("assign", *everybody, *(word for pair in words.items() for word in pair), "--yes")

    assert problem.value.returncode == 1
    assert not Batch.objects.exists()


@pytest.mark.parametrize(("dates", "day"), [("day-first", "3 April"), ("month-first", "4 March")])
def test_assign_says_how_it_reads_the_due_date(desk, item, dates, day, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _: "n")

    output = assign(desk, item, "--due", "03/04/2027", "--dates", dates)

    assert f"Due {'Saturday' if day == '3 April' else 'Thursday'} {day} 2027: " in output
    assert ("The due date is a Saturday." in output) == (day == "3 April")


def test_assign_names_the_rows_that_cannot_be_used_and_leaves_no_draft(desk, item, tmp_path):
    learner = Learner.objects.filter(is_active=True).exclude(email="").earliest("pk")
    inactive = Learner.objects.exclude(pk=learner.pk).exclude(email="").latest("pk")
    Learner.objects.filter(pk=inactive.pk).update(is_active=False)
    rows = [f"{learner.email}x", inactive.email, "nobody", *["unknown"] * 9, learner.email]
    people = tmp_path / "people.csv"
    people.write_text("\n".join(["E-mail", *rows, learner.email]))

    with pytest.raises(CommandError, match="11 of 14 rows cannot be used:") as refusal:
        assign(desk, item, "--yes", people=f"--learners {people}")

    lines = str(refusal.value).splitlines()
    assert lines[1] == (
        f"  row 2, {rows[0]}: Nobody has this e-mail, employee ID or LMS ID. Did you mean "
        f"{learner} ({learner.email})?"
    )
    assert lines[2] == f"  row 3, {inactive.email}: {inactive} is inactive in the LMS."
    assert lines[-2:] == [
        "  and 2 more",
        "Correct them, or add --refused-rows leave to go on without them.",
    ]
    assert not Draft.objects.exists()

    rows_option = f"--learners {people} --refused-rows leave"
    output = assign(desk, item, "--yes", people=rows_option)
    assert "1 to create, 0 skipped." in output
    assert "File: 14 given = 1 used + 1 twice + 1 inactive + 11 refused + 0 left out.\n" in output
    result = json.loads(assign(desk, item, "--yes", "--json", "--again", people=rows_option))
    assert result["file"] == {
        "total": 14, "valid": 1, "duplicate": 1, "inactive": 1, "invalid": 11, "left_out": 0,
    }  # fmt: skip


def test_assign_says_which_columns_are_not_read(desk, item, tmp_path):
    learner = Learner.objects.filter(is_active=True).exclude(email="").earliest("pk")
    people = tmp_path / "people.csv"
    people.write_text(f"E-mail,Course,Due date\n{learner.email},{item()},2027-02-01\n")
    warnings = StringIO()

    words = f"assign --as {desk.owner.email} --learners {people} --due none --status pending --yes"
    call_command(*words.split(), "--content", item(), stdout=StringIO(), stderr=warnings)

    sentence = "Not read: “Course”, “Due date”, as --content and --due count for every row.\n"
    assert warnings.getvalue() == sentence


def test_assign_with_json_requires_yes(desk, item):
    with pytest.raises(CommandError, match="Add --yes"):
        assign(desk, item, "--json")


def test_assign_with_wait_ends_when_sending_is_paused(desk, item, settings):
    settings.STACKONE_API_KEY = "wrong"

    with pytest.raises(CommandError, match=r"paused\. StackOne refused .*STACKONE_API_KEY"):
        assign(desk, item, "--yes", "--wait")


def test_assign_again_includes_people_who_have_the_item(desk, item):
    assign(desk, item, "--yes", "--wait")
    reference = Draft.objects.get().picked_contents.get().content.external_reference

    with pytest.raises(CommandError, match="everybody is skipped"):
        assign(desk, lambda: reference, "--yes", "--wait")
    assign(desk, lambda: reference, "--again", "--yes", "--wait")

    assert desk.lms.stats()["duplicates"] == Learner.objects.filter(is_active=True).count()


def test_sync_prints_what_was_imported(desk):
    output = run("sync")
    result = json.loads(run("sync", "--json"))

    assert output == "Synced sandbox: 0 people, 0 items, 0 assignments; 0 left.\n"
    assert result == [
        {
            "account": "sandbox",
            "full": False,
            "people": 0,
            "content": 0,
            "assignments": 0,
            "removed": 0,
        }
    ]


def test_sync_refuses_an_unknown_account(desk):
    with pytest.raises(CommandError, match="No account 'other' is configured"):
        run("sync", "--account", "other")


def test_sync_continues_after_an_outage(desk, settings, monkeypatch):
    monkeypatch.setattr(read_failures, "LONGEST_WAIT", timedelta(0))
    settings.STACKONE_BASE_URL = "http://127.0.0.1:9"
    with pytest.raises(CommandError, match="Run the command again to continue"):
        run("sync")
    settings.STACKONE_BASE_URL = desk.lms.base_url

    assert "Synced sandbox" in run("sync")
    assert SyncRun.objects.filter(finished_at=None).count() == 0


def test_doctor_reports_no_problem(desk):
    Worker.objects.create(name="w", seen_at=timezone.now())

    output = run("doctor")

    assert "FIX" not in output
    assert "ok   account sandbox: responds and lists people" in output
    assert "ok   sign-in: demo personas (DESK_DEMO is set)" in output


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Foo 2026"])
def test_doctor_does_not_compare_the_clock_without_a_time(desk, settings, date):
    Worker.objects.create(name="w", seen_at=timezone.now())

    class WithoutTime(Recorder):
        def reply(self, request):
            return Reply(200, b'{"data": []}', {})

        def handle(self, handler):
            handler.date_time_string = lambda: date
            super().handle(handler)

    with serving(WithoutTime(desk.lms.base_url)) as lms:
        settings.STACKONE_BASE_URL = lms.url
        output = run("doctor")

    assert "ok   clock: not compared: responses of the LMS do not say the time" in output


def test_doctor_reports_what_to_fix(desk, settings):
    settings.STACKONE_API_KEY = "wrong"
    settings.DESK_DEMO = False
    desk.account.paused_at, desk.account.pause_reason = timezone.now(), "It was paused."
    desk.account.save()
    out = StringIO()

    with pytest.raises(CommandError, match="4 to fix"):
        call_command("doctor", "--json", stdout=out)

    findings = {finding["name"]: finding for finding in json.loads(out.getvalue())}
    assert not findings["worker"]["is_ok"]
    assert findings["worker"]["sentence"].endswith("Run: manage.py worker")
    assert "Check STACKONE_API_KEY" in findings["account sandbox"]["sentence"]
    assert findings["sign-in"]["sentence"].startswith("Nobody can sign in.")


def test_assign_schedules_the_start(desk, item):
    wall = f"{timezone.localdate() + timedelta(days=3)} 08:00"

    lines = assign(desk, item, "--yes", "--start-at", wall).splitlines()

    batch = Batch.objects.get()
    assert (batch.state, batch.starts_at) == ("waiting", start_time.parse_start(wall))
    assert lines[-1] == f"Starts {moment(start_time.parse_start(wall))}."


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        pytest.param(["--start-at", "tomorrow"], "Write the start as", id="no date"),
        pytest.param(["--start-at", "2026-01-01 08:00"], "has passed", id="in the past"),
        pytest.param(
            ["--start-at", "2029-12-01 08:00", "--wait"], "leave it out", id="with --wait"
        ),
    ],
)
def test_assign_refuses_an_invalid_start(desk, item, more, sentence):
    with pytest.raises(CommandError, match=sentence):
        assign(desk, item, "--yes", *more)
