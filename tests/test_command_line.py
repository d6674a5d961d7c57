"""Commands as processes: without anybody who answers, and with output that is cut."""

import subprocess
import sys

import pytest
from django.core.management import CommandError

from assignments.management.confirmation import confirm
from assignments.management.desk_command import NOBODY_READS

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
