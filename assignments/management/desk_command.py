"""The base of the product's commands."""

import os
import signal
import sys
from typing import Final, override

from django.core.management import BaseCommand

# The exit code of a program that ends because nobody reads its output any more, such as in a shell.
NOBODY_READS: Final = 128 + signal.SIGPIPE


class DeskCommand(BaseCommand):
    """A command that starts without Django's system checks, which import every page.

    `manage.py prepare` runs them before every start of the product.
    """

    requires_system_checks = []

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
