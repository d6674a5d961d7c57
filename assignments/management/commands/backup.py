"""`manage.py backup`: copy the whole database into one file while it is in use."""

from pathlib import Path

from django.core.management import CommandParser

from assignments.management import database_backup
from assignments.management.command_options import Option
from assignments.management.desk_command import DeskCommand
from assignments.management.preparation import require_prepared_database


class Command(DeskCommand):
    """Back up the database to a file."""

    help = (
        "Copy the whole database into a new file, consistent and while everything runs. "
        "Back up the signing key and the second copy of the seals separately."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the file."""
        parser.add_argument("file", type=Path, help="where to; must not exist yet")

    def handle(self, *args: object, **options: Option) -> None:
        """Write the file and print its size."""
        require_prepared_database()
        path = options["file"]
        database_backup.save(path)
        self.stdout.write(f"{path}: {path.stat().st_size:,} bytes.")
