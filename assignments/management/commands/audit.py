"""The audit log from the shell: verify it or an export of it, and hand it out."""

import json
from pathlib import Path
from typing import Any, Final

from django.core.management import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from assignments.audit.exported import NotAnExport, verify_export
from assignments.audit.exports import FORMATS, export_log
from assignments.audit.search import Search
from assignments.audit.sentences import counted
from assignments.audit.verdicts import facts
from assignments.audit.verify import verify_log
from assignments.management.operator import operator
from assignments.management.preparation import require_prepared_database

EXIT_CODES: Final = {"intact": 0, "altered": 2, "head mismatch": 3, "unproven": 4}
FACTS: Final = ("verdict", "size", "root", "seq", "detail")


class Command(BaseCommand):
    """Two ways into the log; each leaves an entry that names the person at the shell."""

    help = (
        "Verify or export the audit log. Exit codes of verify: 0 intact, 1 could not be read, "
        "2 altered, 3 shorter or longer than its head says, 4 a part that cannot be proven."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add `verify` and `export`."""
        ways = parser.add_subparsers(dest="way", required=True, metavar="verify|export")
        verify = ways.add_parser("verify", help="check every entry, their order and the tree")
        verify.add_argument("--export", type=Path, metavar="FILE", help="check a file instead")
        export = ways.add_parser("export", help="write entries to a file, oldest first")
        export.add_argument("--format", choices=FORMATS, required=True)
        export.add_argument("--query", default="", metavar="TEXT", help="only what says this")
        export.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
        for way in (verify, export):
            way.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what was asked."""
        if options["way"] == "export":
            self._export(options)
        elif options["export"]:
            self._verify_file(options["export"], options)
        else:
            self._verify_log(options)

    def _verify_log(self, options: dict[str, Any]) -> None:
        require_prepared_database()
        told = None if options["json"] else self._tell
        found = verify_log(by=operator(), now=timezone.now(), progress=told)
        self._answer({name: getattr(found, name) for name in FACTS}, options)

    def _verify_file(self, path: Path, options: dict[str, Any]) -> None:
        try:
            verdict = verify_export(path)
        except (NotAnExport, OSError) as error:
            raise CommandError(str(error)) from error
        self._answer(facts(verdict), options)

    def _answer(self, found: dict[str, Any], options: dict[str, Any]) -> None:
        code = EXIT_CODES[found["verdict"]]
        if options["json"]:
            self.stdout.write(json.dumps(found))
        elif not code:
            self.stdout.write(found["detail"])
        if code:
            raise CommandError(found["detail"], returncode=code)

    def _export(self, options: dict[str, Any]) -> None:
        require_prepared_database()
        path, search = options["output"], Search(text=options["query"])
        # The file gets its name only after the log knows of it.
        part = path.with_name(f"{path.name}.part")
        with part.open("wb") as out:
            written = export_log(
                search=search,
                format=options["format"],
                by=operator(),
                now=timezone.now(),
                out=out,
            )
        part.replace(path)
        if options["json"]:
            self.stdout.write(json.dumps({"entries": written, "file": str(path)}))
        else:
            self.stdout.write(f"{counted(written, 'entry', 'entries')} written to {path}.")

    def _tell(self, checked: int) -> None:
        self.stderr.write(f"{checked:,} entries checked")
