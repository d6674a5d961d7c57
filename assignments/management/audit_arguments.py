"""The arguments of `manage.py audit`, and what their text means."""

import secrets
from pathlib import Path

from django.core.management import CommandError, CommandParser
from django.utils import timezone

from assignments.audit.export.formats import FORMATS
from assignments.audit.search.api_results import MAX_LIMIT
from assignments.audit.search.parser import QuerySyntaxError, parse
from assignments.audit.search.query import Query
from assignments.forms.exports import SampleForm
from assignments.forms.log_api import DEFAULT_LIMIT, PageForm
from assignments.management.command_options import Option
from assignments.services.exporting.dossiers import Sample


def add_arguments(parser: CommandParser) -> None:
    """Add the subcommands and their options."""
    subcommands = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    verify = subcommands.add_parser("verify", help="check every entry, the tree and every seal")
    which = verify.add_mutually_exclusive_group()
    which.add_argument("--export", type=Path, metavar="FILE", help="check a file instead")
    which.add_argument("--since-seal", action="store_true", help="only after the newest seal")
    search = subcommands.add_parser("search", help="find entries, the newest first")
    _add_search_arguments(search)
    export = subcommands.add_parser("export", help="write entries to a file, oldest first")
    _add_export_arguments(export)
    seal = subcommands.add_parser("seal", help="sign the log as it is now")
    key = subcommands.add_parser("key", help="generate a key pair and say where to set it")
    key.add_argument("--name", required=True, help="such as log.example.com/desk")
    mac_key = subcommands.add_parser(
        "mac-key", help="generate the key that shows who wrote an entry and say where to set it"
    )
    subcommands.add_parser(
        "grants", help="print the SQL for a PostgreSQL role that can only append"
    )
    prune = subcommands.add_parser(
        "prune", help="remove for good what no longer has to be kept, up to a seal"
    )
    prune.add_argument("--yes", action="store_true", help="do not ask")
    forward = subcommands.add_parser("forward", help="print how many entries the SIEM has")
    forward.add_argument(
        "--from", dest="start", type=int, metavar="ENTRY", help="send it again from this entry on"
    )
    for subcommand in (verify, search, export, seal, key, mac_key, prune, forward):
        subcommand.add_argument("--json", action="store_true", help="print the result as JSON")


def parse_query(text: str) -> Query:
    """Return the parsed query.

    :raises CommandError: pointing at what cannot be parsed
    """
    try:
        return parse(text, today=timezone.localdate(timezone=timezone.get_default_timezone()))
    except QuerySyntaxError as problem:
        raise CommandError(problem.with_pointer()) from problem


def parse_page(options: dict[str, Option]) -> dict[str, Option]:
    """Return `limit` and `before` as numbers.

    :raises CommandError: if one is out of range
    """
    form = PageForm({name: options[name] for name in ("limit", "before")})
    if not form.is_valid():
        raise CommandError(form.problems("--"))
    return form.cleaned_data


def parse_sample(options: dict[str, Option]) -> Sample | None:
    """Return the sample to draw, with a random seed if there is none, or None.

    :raises CommandError: if size or seed is invalid
    """
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


def _add_search_arguments(search: CommandParser) -> None:
    search.add_argument(
        "query", nargs="?", default="", help="written as in the search box of the log"
    )
    search.add_argument("--limit", type=int, default=DEFAULT_LIMIT, help=f"at most {MAX_LIMIT}")
    search.add_argument(
        "--before", type=int, metavar="ENTRY", help="continue with what is older than this"
    )


def _add_export_arguments(export: CommandParser) -> None:
    what = export.add_mutually_exclusive_group(required=True)
    what.add_argument("--format", choices=FORMATS)
    what.add_argument(
        "--sample",
        metavar="SIZE",
        help="an evidence pack with a dossier for each of this many entries, drawn by --seed",
    )
    export.add_argument(
        "--seed", metavar="WORD", help="the same seed draws the same sample; random by default"
    )
    export.add_argument(
        "--query",
        default="",
        metavar="QUERY",
        help="only entries that match, written as in the search box of the log",
    )
    export.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
