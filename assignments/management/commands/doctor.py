"""Check the installation and say what to fix."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from assignments.services.operations import doctor


class Command(BaseCommand):
    """Ask every question and print one line for each; exit code 1 if something is to be fixed."""

    help = "Check configuration, database, broker, API key, account, worker, sign-in and clock."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add `--json`."""
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the findings."""
        found = list(doctor.findings(now=timezone.now()))
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in found]))
        else:
            for finding in found:
                mark = "ok " if finding.is_ok else "FIX"
                self.stdout.write(f"{mark}  {finding.name}: {finding.sentence}")
        ill = sum(not finding.is_ok for finding in found)
        if ill:
            raise CommandError(f"{ill} to fix.")
