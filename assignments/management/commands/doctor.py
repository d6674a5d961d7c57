"""`manage.py doctor`: check the installation and say what to fix."""

import json
from dataclasses import asdict

from django.core.management import CommandError, CommandParser
from django.utils import timezone

from assignments.management.command_options import Option
from assignments.management.desk_command import DeskCommand
from assignments.services.operations import doctor


class Command(DeskCommand):
    """Run every check and print one line for each; exit code 1 if there is something to fix."""

    help = "Check configuration, database, broker, API key, account, worker, sign-in and clock."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add `--json`."""
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def handle(self, *args: object, **options: Option) -> None:
        """Print the findings."""
        findings = list(doctor.findings(now=timezone.now()))
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings]))
        else:
            for finding in findings:
                mark = "ok " if finding.is_ok else "FIX"
                self.stdout.write(f"{mark}  {finding.name}: {finding.sentence}")
        failed = sum(not finding.is_ok for finding in findings)
        if failed:
            raise CommandError(f"{failed} to fix.")
