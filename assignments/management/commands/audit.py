"""The audit log from the shell: seal it, verify it or a file of it, and hand it out."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from assignments.audit.entries.sentences import counted
from assignments.audit.export.formats import FORMATS, ExportContext, export_log
from assignments.audit.integrity import grants
from assignments.audit.integrity.verdicts import BROKEN, Intact, IntactSince, Unsealed
from assignments.audit.pruning import NotPruned
from assignments.audit.seals.sealing import NotSealed, make_seal
from assignments.audit.search import access_records
from assignments.audit.search.api_results import MAX_LIMIT, fetch_results
from assignments.audit.search.parser import QuerySyntaxError, parse
from assignments.audit.search.query import Query
from assignments.audit.signing.signed_note import InvalidKey, SigningKey
from assignments.audit.verification.exported_file import verify_exported_file
from assignments.audit.verification.whole_log import verify_log
from assignments.forms.exports import SampleForm
from assignments.forms.log_api import DEFAULT_LIMIT, PageForm
from assignments.management.command_line_actor import operator
from assignments.management.preparation import require_prepared_database
from assignments.services.exporting.dossiers import Sample, export_sample
from assignments.services.privacy import pruning
from assignments.siem import forwarding

CODES: Final = {kind.word: kind.code for kind in (*BROKEN, Intact, IntactSince, Unsealed)}
FACTS: Final = ("verdict", "size", "root", "seq", "newest_seal", "detail")
KEY: Final = """\
Keep this secret, outside the database, and set it for every process of the desk:
AUDIT_SIGNING_KEY={secret}

Publish this, and give it to whoever verifies:
{public}

If the desk had another key before, keep its public half trusted for the seals it signed:
AUDIT_TRUSTED_KEYS=OLD-PUBLIC-KEY
"""


class Command(BaseCommand):
    """Ways into the log; each leaves an entry that names the person at the shell."""

    help = (
        "Seal, verify, search or export the audit log. Exit codes of verify: 0 intact, 1 could not "
        "be read, 2 altered, 3 shorter or longer than its head (or a file than it says), 4 not "
        "proven, 5 shorter than a seal says, 6 a seal does not match, 7 a seal or key that is not "
        "trusted, 8 not sealed yet."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the ways."""
        ways = parser.add_subparsers(dest="way", required=True, metavar="WAY")
        verify = ways.add_parser("verify", help="check every entry, the tree and every seal")
        which = verify.add_mutually_exclusive_group()
        which.add_argument("--export", type=Path, metavar="FILE", help="check a file instead")
        which.add_argument("--since-seal", action="store_true", help="only after the newest seal")
        search = ways.add_parser("search", help="find entries, the newest first")
        _ask_what_to_find(search)
        export = ways.add_parser("export", help="write entries to a file, oldest first")
        _ask_what_to_export(export)
        seal = ways.add_parser("seal", help="sign the log as it is now")
        key = ways.add_parser("key", help="make a new key pair and say where to put it")
        key.add_argument("--name", required=True, help="such as log.example.com/desk")
        ways.add_parser("grants", help="print what a PostgreSQL role without rights to alter needs")
        prune = ways.add_parser(
            "prune", help="remove for good what need not be kept any more, up to a seal"
        )
        prune.add_argument("--yes", action="store_true", help="do not ask")
        forward = ways.add_parser("forward", help="say how far the SIEM has taken the log")
        forward.add_argument(
            "--from", dest="start", type=int, metavar="ENTRY", help="send it again from here on"
        )
        for way in (verify, search, export, seal, key, prune, forward):
            way.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what was asked."""
        ways: Mapping[str, Callable[[dict[str, Any]], None]] = {
            "verify": self._verify,
            "search": self._search,
            "export": self._export,
            "seal": self._seal,
            "key": self._key,
            "grants": self._grants,
            "prune": self._prune,
            "forward": self._forward,
        }
        ways[options["way"]](options)

    def _verify(self, options: dict[str, Any]) -> None:
        if options["export"]:
            self._verify_file(options["export"], options)
            return
        require_prepared_database()
        found = verify_log(
            by=operator(),
            now=timezone.now(),
            progress=None if options["json"] else self._tell,
            since_seal=options["since_seal"],
        )
        told = {name: getattr(found, name) for name in FACTS}
        self._answer(told, CODES[found.verdict], options)

    def _verify_file(self, path: Path, options: dict[str, Any]) -> None:
        found = verify_exported_file(path)
        told = {"verdict": found.word, "seq": found.seq, "detail": found.sentence}
        self._answer(told, found.code, options)

    def _answer(self, found: dict[str, Any], code: int, options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(found))
        elif not code:
            self.stdout.write(found["detail"])
        if code:
            raise CommandError(found["detail"], returncode=code)

    def _search(self, options: dict[str, Any]) -> None:
        require_prepared_database()
        page, query = _page(options), _query(options["query"])
        found = fetch_results(query, before=page["before"], limit=page["limit"])
        access_records.record_search(
            query=query, count=found.count, by=operator(), now=timezone.now()
        )
        if options["json"]:
            self.stdout.write(json.dumps(asdict(found)))
            return
        for told in found.entries:
            self.stdout.write(f"{told['entry']:>9,}  {told['at']}  {told['sentence']}")
        more = "more than " if found.is_capped else ""
        self.stdout.write(f"{more}{counted(found.count, 'entry', 'entries')} found.".capitalize())
        if found.next_before is not None:
            self.stdout.write(f"Go on with --before {found.next_before}")

    def _export(self, options: dict[str, Any]) -> None:
        require_prepared_database()
        path, query, sample = options["output"], _query(options["query"]), _sample(options)
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

    def _seal(self, options: dict[str, Any]) -> None:
        require_prepared_database()
        try:
            seal = make_seal(reason="request", by=operator(), now=timezone.now())
        except NotSealed as refusal:
            raise CommandError(str(refusal)) from refusal
        told = {"seal": seal.number, "size": seal.size, "key": seal.key, "note": seal.note}
        sentence = f"Seal {seal.number:,} vouches for {counted(seal.size, 'entry', 'entries')}."
        self.stdout.write(json.dumps(told) if options["json"] else f"{sentence}\n\n{seal.note}")

    def _key(self, options: dict[str, Any]) -> None:
        try:
            key = SigningKey.generate(options["name"])
        except InvalidKey as refusal:
            raise CommandError(str(refusal)) from refusal
        told = {"secret": key.to_text(), "public": str(key.public)}
        self.stdout.write(json.dumps(told) if options["json"] else KEY.format(**told))

    def _grants(self, _options: dict[str, Any]) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("Only PostgreSQL has roles. With SQLite the triggers must do.")
        self.stdout.write(grants.role_sql())

    def _prune(self, options: dict[str, Any]) -> None:
        require_prepared_database()
        seen = pruning.outlook(now=timezone.now())
        if not seen.seals:
            done = pruning.Done(0, 0)
        elif options["yes"] or self._is_sure(seen):
            done = _pruned()
        else:
            raise CommandError("Nothing was removed.")
        told = {**asdict(done), "stays": asdict(seen.stays) if seen.stays else None}
        gone = counted(done.entries, "entry", "entries")
        values = counted(done.values, "name or address", "names and addresses")
        sentence = f"{gone} removed, and {values} that no other speaks of."
        stays = f" {seen.stays.sentence}" if seen.stays else ""
        self.stdout.write(json.dumps(told) if options["json"] else sentence + stays)

    def _is_sure(self, seen: pruning.Outlook) -> bool:
        self.stderr.write(
            f"Entries {seen.first:,} to {seen.stop - 1:,} will be removed. It cannot be undone; "
            f"their hashes and seals stay.{f' {seen.stays.sentence}' if seen.stays else ''}"
        )
        return input("Remove them for good? [y/N] ").strip().lower() in {"y", "yes"}

    def _forward(self, options: dict[str, Any]) -> None:
        require_prepared_database()
        if settings.SIEM is None:
            raise CommandError("No SIEM is set. Set SIEM_URL for every process of the desk.")
        start = options["start"]
        if start is not None:
            _send_again(start)
        found = forwarding.status()
        told = {"next": found.next, "behind": found.behind, "problem": found.problem}
        waiting = counted(found.behind, "entry", "entries")
        sentence = f"{settings.SIEM} has what stands before entry {found.next:,}; {waiting} to go."
        words = " ".join([sentence, found.problem]).strip()
        self.stdout.write(json.dumps(told) if options["json"] else words)

    def _tell(self, checked: int) -> None:
        self.stderr.write(f"{checked:,} entries checked")


def _ask_what_to_find(search: CommandParser) -> None:
    search.add_argument(
        "query", nargs="?", default="", help="written as in the search box of the log"
    )
    search.add_argument("--limit", type=int, default=DEFAULT_LIMIT, help=f"at most {MAX_LIMIT}")
    search.add_argument(
        "--before", type=int, metavar="ENTRY", help="go on with what is older than this"
    )


def _ask_what_to_export(export: CommandParser) -> None:
    what = export.add_mutually_exclusive_group(required=True)
    what.add_argument("--format", choices=FORMATS)
    what.add_argument(
        "--sample",
        metavar="SIZE",
        help="an evidence pack with a dossier for each of so many entries drawn by --seed",
    )
    export.add_argument(
        "--seed", metavar="WORD", help="the same seed draws the same; made up if left out"
    )
    export.add_argument(
        "--query",
        default="",
        metavar="QUERY",
        help="only what this finds, written as in the search box of the log",
    )
    export.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")


def _pruned() -> pruning.Done:
    try:
        return pruning.prune_log(by=operator(), now=timezone.now())
    except NotPruned as refusal:
        raise CommandError(str(refusal)) from refusal


def _send_again(start: int) -> None:
    try:
        forwarding.restart_at(start=start, by=operator(), now=timezone.now())
    except forwarding.NoSuchEntry as problem:
        raise CommandError(str(problem)) from problem


def _query(text: str) -> Query:
    try:
        return parse(text, today=timezone.localdate(timezone=timezone.get_default_timezone()))
    except QuerySyntaxError as problem:
        raise CommandError(problem.with_pointer()) from problem


def _page(options: dict[str, Any]) -> dict[str, Any]:
    form = PageForm({name: options[name] for name in ("limit", "before")})
    if not form.is_valid():
        raise CommandError(form.problems("--"))
    return form.cleaned_data


def _sample(options: dict[str, Any]) -> Sample | None:
    size, seed = options["sample"], options["seed"]
    if size is None:
        if seed is not None:
            raise CommandError("--seed decides what --sample draws: give both.")
        return None
    form = SampleForm({"size": size, "seed": secrets.token_hex(6) if seed is None else seed})
    if not form.is_valid():
        refused = [f"--sample: {problem}" for problem in form.errors.get("size", [])]
        refused += [f"--seed: {problem}" for problem in form.errors.get("seed", [])]
        raise CommandError(" ".join(refused))
    return form.sample()


def _written(path: Path, write: Callable[..., int]) -> int:
    with TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
        part = Path(folder) / path.name
        context = ExportContext(by=operator(), now=timezone.now(), folder=Path(folder))
        try:
            with part.open("wb") as out:
                written = write(context=context, out=out)
        except NotSealed as refusal:
            raise CommandError(str(refusal)) from refusal
        # The file gets its name only after the log knows of it.
        part.replace(path)
    return written
