"""Put a copy of the database back into an empty one, with sending paused."""

from pathlib import Path
from typing import Any, Final

from django.core.management import BaseCommand, CommandParser
from django.utils import timezone

from assignments.management import database_backup
from assignments.management.command_line_actor import operator
from assignments.services.calls import connections

WHAT_NEXT: Final = (
    "Restored. Sending is paused: what was sent after the copy was made stands as waiting. Go on "
    "with:\n"
    "  manage.py prepare\n"
    "  manage.py audit verify\n"
    "  manage.py sync\n"
    "Then stop the batches that were under way, copy each to a new draft, which leaves out who has "
    "the items by now, and resume sending in Settings."
)


class Command(BaseCommand):
    """`manage.py restore FILE`."""

    help = "Put a file that `manage.py backup` wrote into an empty database, and pause sending."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the file."""
        parser.add_argument("file", type=Path, help="what `manage.py backup` wrote")

    def handle(self, *args: Any, **options: Any) -> None:
        """Fill the database, pause every account and say what to do next."""
        database_backup.put_back(options["file"])
        connections.pause_after_restore(by=operator(), now=timezone.now())
        self.stdout.write(WHAT_NEXT)
