"""The options of `manage.py assign` that name people: everybody, or the people of a file."""

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.core.management import CommandError, CommandParser

from assignments.management.command_options import Option
from assignments.models import Draft, Learner
from assignments.services.picking import drafts
from assignments.services.picking.uploads import unattended_import
from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.picking.uploads.reader import MAX_BYTES
from assignments.services.picking.uploads.unattended_import import ReadingOptions
from assignments.services.planning import own_terms

HIDDEN_ROWS = ("leave", "use")
REFUSED_ROWS = ("stop", "leave")
_OF_A_FILE = ("column", "sheet", "hidden_rows", "leave_out", "refused_rows", "more_column")


def add_people_arguments(parser: CommandParser) -> None:
    """Add who gets the assignments, and how their file is read."""
    people = parser.add_mutually_exclusive_group(required=True)
    people.add_argument("--learners", type=Path, help="file (list, CSV or XLSX) of e-mails or ids")
    people.add_argument("--all", action="store_true", help="everybody who is active")
    parser.add_argument("--column", default="", help="heading of the column with the people")
    parser.add_argument("--sheet", default="", help="sheet of the workbook with the people")
    parser.add_argument(
        "--hidden-rows", choices=HIDDEN_ROWS, help="rows that the sheet hides; by default: leave"
    )
    parser.add_argument(
        "--refused-rows", choices=REFUSED_ROWS, help="rows that cannot be used; by default: stop"
    )
    parser.add_argument(
        "--more-column",
        action="append",
        metavar="FIELD=COLUMN",
        help=f"column with a field of its rows; fields: {', '.join(own_terms.NAMES)}",
    )
    parser.add_argument(
        "--leave-out",
        action="append",
        metavar="COLUMN=VALUE",
        help="leave out the rows with this value, such as Status=Terminated; * is any value",
    )


def refuse_file_options_without_file(options: dict[str, Option]) -> None:
    """Refuse options about a file if there is none, or about its items if it has none.

    :raises CommandError: which to leave out
    """
    if options["more_column"] and options["content"]:
        raise CommandError(
            "--more-column is about rows of people with items: leave --content out, or it."
        )
    if not options["all"]:
        return
    for name in _OF_A_FILE:
        if options[name]:
            raise CommandError(
                f"--{name.replace('_', '-')} is about the file of --learners; leave it out with "
                "--all."
            )


def select_people(
    draft: Draft, options: dict[str, Option], *, warn: Callable[[str], None], now: datetime
) -> None:
    """Select everybody, or add the rows of the file of --learners, to a draft.

    :param warn: called with each sentence about what is unusual or was not read
    :raises CommandError: if the file cannot be used
    :raises DraftRefused: if there would be more people than a batch can hold
    """
    if options["all"]:
        people = Learner.objects.filter(is_active=True)
        drafts.pick_matching(draft=draft, people=people, now=now)
        return
    path, reading_options = options["learners"], _reading_options(options)
    with _opened(path) as file:
        notes = unattended_import.import_file(
            draft=draft, file=file, name=path.name, options=reading_options, now=now
        )
    for note in notes:
        warn(note)


def show_counts(draft_pk: UUID, write: Callable[[str], None]) -> None:
    """Write how many rows the file of the draft has, and what became of them."""
    if counts := unattended_import.row_counts(draft_pk):
        write(
            "File: {total:,} given = {valid:,} used + {duplicate:,} twice + {inactive:,} inactive "
            "+ {invalid:,} refused + {left_out:,} left out.".format_map(counts)
        )


def _reading_options(options: dict[str, Option]) -> ReadingOptions:
    return ReadingOptions(
        column=options["column"],
        sheet=options["sheet"],
        uses_hidden=options["hidden_rows"] == "use",
        left_out=options["leave_out"] or (),
        leaves_refused=options["refused_rows"] == "leave",
        dates=options["dates"] or "",
        takes_items=not options["content"],
        more_columns=_more_columns(options["more_column"] or ()),
    )


def _more_columns(texts: Iterable[str]) -> dict[str, str]:
    """Return the headings of --more-column by field.

    :raises CommandError: if a text names no field, or one of them twice
    """
    columns: dict[str, str] = {}
    for text in texts:
        name, sign, heading = text.partition("=")
        name = name.strip().replace("-", "_")
        if not sign or name not in own_terms.NAMES or name in columns:
            raise CommandError(
                f"--more-column {text!r}: write each field once as FIELD=COLUMN, with "
                f"{', '.join(own_terms.NAMES[:-1])} or {own_terms.NAMES[-1]}."
            )
        columns[name] = heading
    return columns


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file; what it is refused for becomes an error of the command."""
    try:
        with path.open("rb") as file:
            # A pipe, as from a shell's <(…), can be read only once.
            yield file if file.seekable() else io.BytesIO(file.read(MAX_BYTES + 1))
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
    except UploadRefused as refusal:
        raise CommandError(f"{path}: {refusal}") from refusal
