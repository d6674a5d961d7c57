"""The options of `manage.py assign` that name people: everybody, or the people of a file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management import CommandError, CommandParser

from assignments.management.command_options import Option
from assignments.models import Account, Draft, Learner
from assignments.services.picking.pasted_lists.people_lookup import PeopleLookup
from assignments.services.picking.pasted_lists.suggestions import suggest
from assignments.services.picking.uploads import identifiers, unattended_import
from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.picking.uploads.unattended_import import ReadingOptions

HIDDEN_ROWS = ("leave", "use")
_OF_A_FILE = ("column", "sheet", "hidden_rows", "leave_out")


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
        "--leave-out",
        action="append",
        metavar="COLUMN=VALUE",
        help="leave out the rows with this value, such as Status=Terminated; * is any value",
    )


def refuse_file_options_without_file(options: dict[str, Option]) -> None:
    """Refuse options about a file if there is none.

    :raises CommandError: which to leave out
    """
    if not options["all"]:
        return
    for name in _OF_A_FILE:
        if options[name]:
            raise CommandError(
                f"--{name.replace('_', '-')} is about the file of --learners; leave it out with "
                "--all."
            )


def learners(
    account: Account, options: dict[str, Option], *, warn: Callable[[str], None]
) -> list[int]:
    """Return the primary keys of everybody, or of the people of --learners.

    :param warn: called with each sentence about what was not read of the file
    :raises CommandError: if the file cannot be used, or names somebody who is not found
    """
    if options["all"]:
        people = Learner.objects.filter(account=account, is_active=True)
        return list(people.values_list("pk", flat=True))
    file = _identifiers(account, options)
    for note in file.notes:
        warn(note)
    lookup = PeopleLookup(account.pk, file.words)
    people_by_name = {word: lookup.find(word).person for word in file.words}
    missing = [word for word, person in people_by_name.items() if person is None]
    if missing:
        raise CommandError(
            f"{len(missing)} of {len(file.words)} were not found, first {missing[0]!r}."
            f"{_hint(account, missing[0])}"
        )
    return [person.pk for person in people_by_name.values() if person]


def use_rows(
    draft: Draft, options: dict[str, Option], *, warn: Callable[[str], None], now: datetime
) -> None:
    """Add the people, items and due dates of the file of --learners to a draft.

    :param warn: called with each sentence about what is unusual or was not read
    :raises CommandError: if the file cannot be used
    """
    path = options["learners"]
    with _opened(path) as file:
        notes = unattended_import.import_people_and_items(
            draft=draft,
            file=file,
            name=path.name,
            options=ReadingOptions(dates=options["dates"] or "", **_reading_options(options)),
            now=now,
        )
    for note in notes:
        warn(note)


def _hint(account: Account, word: str) -> str:
    suggestion = suggest(account_pk=account.pk, words=[word]).get(word)
    if suggestion is None:
        return ""
    note = f", {suggestion.note}" if suggestion.note else ""
    return f" Did you mean {suggestion.person} ({suggestion.identifier}{note})?"


def _identifiers(account: Account, options: dict[str, Option]) -> identifiers.Identifiers:
    with _opened(options["learners"]) as file:
        return identifiers.read_identifiers(account.pk, file, **_reading_options(options))


def _reading_options(options: dict[str, Option]) -> dict[str, Any]:
    return {
        "column": options["column"],
        "sheet": options["sheet"],
        "uses_hidden": options["hidden_rows"] == "use",
        "left_out": options["leave_out"] or (),
    }


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file; what it is refused for becomes an error of the command."""
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
    except UploadRefused as refusal:
        raise CommandError(f"{path}: {refusal}") from refusal
