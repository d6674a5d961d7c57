"""Copy the whole database into one file while the desk is used."""

from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandParser

from assignments.management import database_backup
from assignments.management.preparation import require_prepared_database


class Command(BaseCommand):
    """`manage.py backup FILE`."""

    help = (
        "Copy the whole database into a new file, as it is at one moment, while everything runs. "
        "Keep the signing key and the seals' second place besides."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the file."""
        parser.add_argument("file", type=Path, help="where to; must not be there yet")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file and say how large it is."""
        require_prepared_database()
        path = options["file"]
        database_backup.save(path)
        self.stdout.write(f"{path}: {path.stat().st_size:,} bytes.")
