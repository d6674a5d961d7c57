"""`manage.py audit`: seal, verify, search, export, prune and forward the audit log."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from django.conf import settings
from django.core.management import CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from assignments.audit.entries.sentences import counted
from assignments.audit.export.formats import ExportContext, export_log
from assignments.audit.integrity import grants
from assignments.audit.integrity.verdicts import (
    BROKEN,
    Intact,
    IntactSince,
    MacsNotChecked,
    Unsealed,
)
from assignments.audit.pruning import NotPruned
from assignments.audit.seals import second_copy
from assignments.audit.seals.sealing import NotSealed, make_seal
from assignments.audit.search import access_records
from assignments.audit.search.api_results import fetch_results
from assignments.audit.verification.exported_file import verify_and_record
from assignments.audit.verification.whole_log import verify_log
from assignments.management import audit_arguments, audit_keys
from assignments.management.command_line_actor import operator
from assignments.management.command_options import Option
from assignments.management.confirmation import confirm
from assignments.management.desk_command import DeskCommand
from assignments.management.preparation import require_prepared_database
from assignments.services.exporting.dossiers import export_sample
from assignments.services.privacy import pruning
from assignments.siem import forwarding

VERDICTS: Final = (*BROKEN, Intact, IntactSince, MacsNotChecked, Unsealed)
CODES: Final = {kind.word: kind.code for kind in VERDICTS}
FACTS: Final = ("verdict", "size", "root", "seq", "newest_seal", "detail")


class Command(DeskCommand):
    """Work with the log; every use is recorded in it, with the operating system's user."""

    help = (
        "Seal, verify, search or export the audit log. Exit codes of verify: 0 intact, 1 could not "
        "be read, 2 altered, 3 shorter or longer than its head (or a file than it says), 4 not "
        "proven, 5 shorter than a seal says, 6 a seal does not match, 7 a seal or key that is not "
        "trusted, 8 not sealed yet, 9 an entry that the product did not write, 10 a key is missing "
        "that shows who wrote an entry, 11 a name is not the one recorded, 12 names are gone "
        "without an erasure."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the subcommands."""
        audit_arguments.add_arguments(parser)

    def handle(self, *args: object, **options: Option) -> None:
        """Run the subcommand."""
        actions: Mapping[str, Callable[[dict[str, Option]], None]] = {
            "verify": self._verify,
            "search": self._search,
            "export": self._export,
            "seal": self._seal,
            "key": self._key,
            "mac-key": self._mac_key,
            "grants": self._grants,
            "prune": self._prune,
            "forward": self._forward,
        }
        actions[options["action"]](options)

    def _verify(self, options: dict[str, Option]) -> None:
        if options["export"]:
            self._verify_file(options["export"], options)
            return
        require_prepared_database()
        verification = verify_log(
            by=operator(),
            now=timezone.now(),
            progress=None if options["json"] else self._print_progress,
            since_seal=options["since_seal"],
        )
        result = {name: getattr(verification, name) for name in FACTS}
        self._print_verdict(result, CODES[verification.verdict], options)

    def _verify_file(self, path: Path, options: dict[str, Option]) -> None:
        require_prepared_database()
        verdict = verify_and_record(path, by=operator(), now=timezone.now())
        result = {"verdict": verdict.word, "seq": verdict.seq, "detail": verdict.sentence}
        self._print_verdict(result, verdict.code, options)

    def _print_verdict(
        self, result: Mapping[str, object], code: int, options: dict[str, Option]
    ) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(result))
        elif not code:
            self.stdout.write(str(result["detail"]))
        if code:
            raise CommandError(result["detail"], returncode=code)

    def _search(self, options: dict[str, Option]) -> None:
        require_prepared_database()
        page = audit_arguments.parse_page(options)
        query = audit_arguments.parse_query(options["query"])
        results = fetch_results(query, before=page["before"], limit=page["limit"])
        access_records.record_search(
            query=query, count=results.count, by=operator(), now=timezone.now()
        )
        if options["json"]:
            self.stdout.write(json.dumps(asdict(results)))
            return
        for entry in results.entries:
            self.stdout.write(f"{entry['entry']:>9,}  {entry['at']}  {entry['sentence']}")
        more = "more than " if results.is_capped else ""
        self.stdout.write(f"{more}{counted(results.count, 'entry', 'entries')} found.".capitalize())
        if results.next_before is not None:
            self.stdout.write(f"Continue with --before {results.next_before}")

    def _export(self, options: dict[str, Option]) -> None:
        require_prepared_database()
        path, query = options["output"], audit_arguments.parse_query(options["query"])
        sample = audit_arguments.parse_sample(options)
        if sample is None:
            write = partial(export_log, query=query, format=options["format"])
        else:
            write = partial(export_sample, query=query, sample=sample)
        written = _written(path, write)
        drawn = {"sample": sample.size, "seed": sample.seed} if sample else {}
        if options["json"]:
            self.stdout.write(json.dumps({"entries": written, "file": str(path), **drawn}))
            return
        seed = f" The seed of the sample is {sample.seed}." if sample else ""
        self.stdout.write(f"{counted(written, 'entry', 'entries')} written to {path}.{seed}")

    def _seal(self, options: dict[str, Option]) -> None:
        require_prepared_database()
        try:
            seal = make_seal(reason="request", by=operator(), now=timezone.now())
        except NotSealed as refusal:
            raise CommandError(str(refusal)) from refusal
        result = {"seal": seal.number, "size": seal.size, "key": seal.key, "note": seal.note}
        sentence = f"Seal {seal.number:,} vouches for {counted(seal.size, 'entry', 'entries')}."
        self.stdout.write(json.dumps(result) if options["json"] else f"{sentence}\n\n{seal.note}")
        if settings.AUDIT_SEAL_DIR and not second_copy.has_copy(seal):
            why = second_copy.probe() or "its copy there differs"
            raise CommandError(
                f"Seal {seal.number:,} is only in the database. Fix AUDIT_SEAL_DIR: {why}"
            )

    def _key(self, options: dict[str, Option]) -> None:
        self.stdout.write(audit_keys.new_signing_key(options["name"], as_json=options["json"]))

    def _mac_key(self, options: dict[str, Option]) -> None:
        self.stdout.write(audit_keys.new_mac_key(as_json=options["json"]))

    def _grants(self, _options: dict[str, Option]) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("Only PostgreSQL has roles. On SQLite, triggers protect the log.")
        self.stdout.write(grants.role_sql())

    def _prune(self, options: dict[str, Option]) -> None:
        require_prepared_database()
        seen = pruning.plan_pruning(now=timezone.now())
        if not seen.seals:
            done = pruning.PruningResult(0, 0)
        elif options["yes"] or self._is_sure(seen):
            done = _pruned()
        else:
            raise CommandError("Nothing was removed.")
        result = {**asdict(done), "retained": asdict(seen.retained) if seen.retained else None}
        gone = counted(done.entries, "entry", "entries")
        values = counted(done.values, "name or address", "names and addresses")
        sentence = f"{gone} removed, and {values} that no remaining entry refers to."
        stays = f" {seen.retained.sentence}" if seen.retained else ""
        self.stdout.write(json.dumps(result) if options["json"] else sentence + stays)

    def _is_sure(self, seen: pruning.PruningPlan) -> bool:
        self.stderr.write(
            f"Entries {seen.first:,} to {seen.stop - 1:,} will be removed. It cannot be undone; "
            f"their hashes and seals stay.{f' {seen.retained.sentence}' if seen.retained else ''}"
        )
        return confirm("Remove them for good?")

    def _forward(self, options: dict[str, Option]) -> None:
        require_prepared_database()
        if settings.SIEM is None:
            raise CommandError("No SIEM is set. Set SIEM_URL for every process of Assignment Desk.")
        start = options["start"]
        if start is not None:
            _send_again(start)
        status = forwarding.status()
        result = {"next": status.next, "behind": status.behind, "problem": status.problem}
        waiting = counted(status.behind, "entry", "entries")
        sentence = f"{settings.SIEM} has all before entry {status.next:,}; {waiting} to go."
        words = " ".join([sentence, status.problem]).strip()
        self.stdout.write(json.dumps(result) if options["json"] else words)

    def _print_progress(self, checked: int) -> None:
        self.stderr.write(f"{checked:,} entries checked")


def _pruned() -> pruning.PruningResult:
    try:
        return pruning.prune_log(by=operator(), now=timezone.now())
    except NotPruned as refusal:
        raise CommandError(str(refusal)) from refusal


def _send_again(start: int) -> None:
    try:
        forwarding.restart_at(start=start, by=operator(), now=timezone.now())
    except forwarding.NoSuchEntry as problem:
        raise CommandError(str(problem)) from problem


def _written(path: Path, write: Callable[..., int]) -> int:
    with TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
        part = Path(folder) / path.name
        context = ExportContext(by=operator(), now=timezone.now(), folder=Path(folder))
        try:
            with part.open("wb") as out:
                written = write(context=context, out=out)
        except NotSealed as refusal:
            raise CommandError(str(refusal)) from refusal
        # The file gets its name only after the export is recorded in the log.
        part.replace(path)
    return written
