"""`manage.py restore`: restore a backup into an empty database, with sending paused."""

from pathlib import Path
from typing import Final

from django.core.management import CommandParser
from django.utils import timezone

from assignments.management import database_backup
from assignments.management.command_line_actor import operator
from assignments.management.command_options import Option
from assignments.management.desk_command import DeskCommand
from assignments.services.calls import connections

WHAT_NEXT: Final = (
    "Restored. Sending is paused: rows that were sent after the backup count as waiting. Continue "
    "with:\n"
    "  manage.py prepare\n"
    "  manage.py audit verify\n"
    "  manage.py sync\n"
    "Then stop the batches that were running, copy each to a new draft, which leaves out people "
    "who have the items by now, and resume sending in Settings."
)


class Command(DeskCommand):
    """Restore the database from a file."""

    help = "Restore a file that `manage.py backup` wrote into an empty database, and pause sending."
    requires_migrations_checks = False
    requires_system_checks = "__all__"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the file."""
        parser.add_argument("file", type=Path, help="written by `manage.py backup`")

    def handle(self, *args: object, **options: Option) -> None:
        """Fill the database, pause every account and say what to do next."""
        database_backup.restore(options["file"])
        connections.pause_after_restore(by=operator(), now=timezone.now())
        self.stdout.write(WHAT_NEXT)
