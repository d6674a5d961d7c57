"""The base of the product's commands."""

import os
import re
import signal
import sys
from pathlib import Path
from typing import Final, Literal, override

from django.core.management import BaseCommand, CommandError

from assignments.database_errors import UNAVAILABLE_ERRORS, first_line
from assignments.management.command_options import Option

# The exit code of a program that ends because nobody reads its output any more, such as in a shell.
NOBODY_READS: Final = 128 + signal.SIGPIPE
# Python puts a surrogate for each byte of an argument that it cannot decode; PostgreSQL has no NUL.
NOT_TEXT: Final = re.compile("[\0\ud800-\udfff]")


def _file_problem(error: OSError) -> str:
    name = f"{error.filename}: " if error.filename else ""
    return f"{name}{error.strerror or error}."


class DeskCommand(BaseCommand):
    """A command that starts without Django's system checks, which import every page.

    `manage.py prepare` runs them before every start of the product.
    """

    requires_system_checks: list[str] | Literal["__all__"] = []

    @override
    def __init__(self, **options: Option) -> None:
        """Write to nowhere if whoever started the command closed its output, as by `>&-`."""
        if sys.stdout is None:
            sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  until the end
        super().__init__(**options)

    @override
    def execute(self, *args: str, **options: Option) -> str | None:
        """Run the command.

        :raises CommandError: if an argument is no valid text, so that it cannot be stored; if the
            database or a file cannot be used
        """
        for name, value in options.items():
            texts = value if isinstance(value, list) else [value]
            if any(isinstance(text, str) and NOT_TEXT.search(text) for text in texts):
                raise CommandError(f"The value of {name} is not valid text (UTF-8 without NUL).")
        try:
            return super().execute(*args, **options)
        except UNAVAILABLE_ERRORS as error:
            raise CommandError(f"The database cannot be used now: {first_line(error)}") from error
        except BrokenPipeError:
            raise
        except OSError as error:
            raise CommandError(_file_problem(error)) from error

    @override
    def run_from_argv(self, argv: list[str]) -> None:
        """Run the command; end without a traceback if its output is cut, as by `| head`."""
        try:
            super().run_from_argv(argv)
            sys.stdout.flush()
        except BrokenPipeError:
            # Python flushes standard output once more at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(NOBODY_READS)
