"""Commands as processes: without anybody who answers, and with output that is cut."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Final

import pytest
from django.core.management import BaseCommand, CommandError, call_command, load_command_class

from assignments.management.confirmation import confirm
from assignments.management.desk_command import NOBODY_READS
from assignments.models import Batch
from tests.factories import make_content, make_learner, make_user

OPTION: Final = re.compile(r"--[a-z]+[a-z-]*")
SCRIPT = """
import sys
from assignments.management.desk_command import DeskCommand
class Command(DeskCommand):
    def handle(self, **options):
        for number in range(100_000):
            self.stdout.write(f"line {number}")
Command().run_from_argv(["manage.py", "talkative"])
"""


@pytest.mark.parametrize(
    ("typed", "is_yes"), [("y", True), ("YES ", True), ("", False), ("n", False), ("yy", False)]
)
def test_only_yes_confirms(monkeypatch, typed, is_yes):
    monkeypatch.setattr("builtins.input", lambda _: typed)

    assert confirm("Go on?") == is_yes


@pytest.mark.parametrize("error", [EOFError, RuntimeError])
def test_without_input_a_question_says_what_to_add(monkeypatch, error):
    def fail(_: str) -> str:
        raise error

    monkeypatch.setattr("builtins.input", fail)

    with pytest.raises(CommandError, match="Add --yes"):
        confirm("Go on?")


def test_a_command_whose_output_is_cut_ends_without_a_traceback():
    command = [sys.executable, "-c", SCRIPT]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "line 0\n"
        process.stdout.close()
        assert process.wait(60) == NOBODY_READS
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_command_without_output_does_its_work(tmp_path):
    script = SCRIPT.replace("range(100_000)", f"[open({str(tmp_path / 'x')!r}, 'w').name]")

    command = ["sh", "-c", 'exec "$0" -c "$1" >&-', sys.executable, script]
    process = subprocess.run(command, capture_output=True, check=False, text=True)

    assert (process.returncode, process.stderr) == (0, "")
    assert (tmp_path / "x").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("due", ["", " "])
def test_an_empty_due_date_is_refused(due):
    make_user(email=ASSIGN["--as"])
    make_learner()
    make_content(external_reference="CRS-1")
    values = {**ASSIGN, "--due": due}

    with pytest.raises(CommandError, match=r"--due is empty\. Write a day, or none"):
        call_command("assign", "--all", "--yes", *[f"{key}={values[key]}" for key in values])
    assert not Batch.objects.exists()


@pytest.mark.django_db
def test_a_reason_that_is_too_long_is_refused():
    with pytest.raises(CommandError, match="Shorten the reason to 500 characters"):
        call_command(
            "assign", "--all", "--reason", "x" * 501, *[f"{key}={ASSIGN[key]}" for key in ASSIGN]
        )


@pytest.mark.django_db
def test_a_pipe_is_read_as_a_file(tmp_path):
    make_user(email=ASSIGN["--as"])
    learner = make_learner()
    make_content(external_reference="CRS-1")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    text = f"E-mail\n{learner.email}\n"
    arguments = ["--learners", str(pipe), "--yes", *[f"{key}={ASSIGN[key]}" for key in ASSIGN]]

    with ThreadPoolExecutor() as threads:
        writing = threads.submit(pipe.write_text, text)
        call_command("assign", *arguments, stdout=StringIO())
        assert writing.result(60) == len(text)

    assert Batch.objects.get().rows == 1


ODD = (
    "",
    " ",
    "9999-12-31",
    "9999-12-31 23:59",
    "0001-01-01 00:00",
    "2027-02-30",
    "in 999999999999 days",
    "99999999999999999999",
    "-1",
    "1e400",
    "NaN",
    "B-99999999999999999999",
    "{",
    '{"a": 1e999}',
    "[" * 2_000,
    "é\u202e\ufeff",
    "\ud800",
    "a\0b",
    "x" * 10_000,
)
ASSIGN = {
    "--as": "manager@northwind.example",
    "--due": "2027-01-15",
    "--status": "pending",
    "--content": "CRS-1",
}
COMMANDS = {
    "assign": (("assign", "--all"), ASSIGN, [*ASSIGN, "--reason", "--start-at", "--account"]),
    "assign more": (
        ("assign", "--all"),
        ASSIGN,
        [
            "--progress",
            "--assigned-at",
            "--external-reference",
            "--source-status",
            "--passthrough",
            "--due-time",
            "--dates",
        ],
    ),
    "batch": (("batch", "pause", "B-0001"), {"--as": ASSIGN["--as"]}, ["--reason", "--as"]),
    "batch row": (("batch", "retry", "B-0001"), {"--as": ASSIGN["--as"]}, ["--row"]),
    "audit": (("audit", "search"), {}, ["--limit", "--before"]),
    "erase": (("erase", "learner/1"), {"--as": "a", "--reason": "b"}, ["--as", "--reason"]),
    "sync": (("sync",), {}, ["--account"]),
}


@pytest.mark.django_db
@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value[:20]))
@pytest.mark.parametrize("name", COMMANDS)
def test_no_value_of_an_option_causes_a_traceback(name, value, monkeypatch, settings):
    settings.TIME_ZONE = "America/New_York"
    monkeypatch.setattr("builtins.input", lambda _: "n")
    make_user(email=ASSIGN["--as"])
    make_learner()
    make_content(external_reference="CRS-1")
    words, fixed, options = COMMANDS[name]

    for option in options:
        values = {**fixed, option: value}
        arguments = [f"{key}={values[key]}" for key in values]
        with suppress(CommandError):
            call_command(*words, *arguments, stdout=StringIO(), stderr=StringIO())


@pytest.mark.django_db
@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value[:20]))
def test_no_reference_causes_a_traceback(value):
    make_user(email=ASSIGN["--as"])
    for words in (
        ("batch", "show", value),
        ("erase", value, f"--as={ASSIGN['--as']}", "--reason=b"),
        ("audit", "search", value),
    ):
        with suppress(CommandError):
            call_command(*words, stdout=StringIO(), stderr=StringIO())


def test_the_page_of_commands_names_every_option_of_assign():
    page = Path(__file__).resolve().parent.parent / "docs" / "commands.md"
    section = page.read_text().partition("\n## assign\n")[2]
    parser, common = (
        command.create_parser("manage.py", "assign")
        for command in (load_command_class("assignments", "assign"), BaseCommand())
    )
    options = set(OPTION.findall(parser.format_help())) - set(OPTION.findall(common.format_help()))

    assert options <= set(OPTION.findall(section))
