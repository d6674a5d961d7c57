"""The arguments of `manage.py assign`, and what their text means."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from django.core.management import CommandError, CommandParser
from django.utils import timezone

from assignments.management.command_options import Option
from assignments.models import Account, Content, Learner
from assignments.models.drafts import Status
from assignments.services.picking.pasted_lists.people_lookup import PeopleLookup
from assignments.services.picking.uploads import identifiers
from assignments.services.picking.uploads.content_lookup import NO_MATCH, ContentLookup
from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.planning import due_dates
from assignments.services.planning.due_dates import DateOrder


def add_arguments(parser: CommandParser) -> None:
    """Add people, content, terms, and whether to submit and wait."""
    parser.add_argument("--as", required=True, dest="email", help="e-mail of the manager")
    people = parser.add_mutually_exclusive_group(required=True)
    people.add_argument("--learners", type=Path, help="file (list, CSV or XLSX) of e-mails or ids")
    people.add_argument("--all", action="store_true", help="everybody who is active")
    parser.add_argument("--account", default="", help="StackOne id, if there are several")
    parser.add_argument("--column", default="", help="heading of the column with the people")
    parser.add_argument("--content", nargs="+", required=True, help="reference, LMS ID or title")
    _add_terms(parser)
    parser.add_argument("--reason", default="", help="kept in the audit log")
    parser.add_argument(
        "--start-at", metavar="'YYYY-MM-DD HH:MM'", help="in the organisation's zone"
    )
    parser.add_argument("--again", action="store_true", help="also those who have it already")
    parser.add_argument("--yes", action="store_true", help="submit without asking")
    parser.add_argument("--wait", action="store_true", help="wait until every row is settled")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def refuse_contradictory(options: dict[str, Option]) -> None:
    """Refuse options that have no meaning together.

    :raises CommandError: which to leave out
    """
    if options["wait"] and options["start_at"]:
        raise CommandError("--wait ends when all is sent; leave it out with --start-at.")
    if options["column"] and options["all"]:
        raise CommandError("--column is about the file of --learners; leave it out with --all.")


def due_date(text: str, dates: str | None) -> date | None:
    """Return the due date of --due, or None for "none".

    :raises CommandError: if it is no due date
    """
    today, order = due_dates.today(timezone.now()), DateOrder(dates) if dates else None
    try:
        return due_dates.parse_due_date(text, today=today, order=order)
    except due_dates.DueDateRefused as refusal:
        raise CommandError(f"--due {text!r}: {refusal}") from refusal


def contents(account: Account, references: Iterable[str]) -> list[Content]:
    """Return the items of --content.

    :raises CommandError: if one cannot be found or assigned
    """
    lookup = ContentLookup(account.pk, references)
    contents = []
    for reference in references:
        content, problem = lookup.find(reference)
        if content is None:
            hint = " Run sync first?" if problem == NO_MATCH else ""
            raise CommandError(f"--content {reference!r}: {problem}{hint}")
        contents.append(content)
    return contents


def learners(account: Account, options: dict[str, Option]) -> list[int]:
    """Return the primary keys of everybody, or of the people of --learners.

    :raises CommandError: if the file cannot be used, or names somebody who is not found
    """
    people = Learner.objects.filter(account=account)
    if options["all"]:
        return list(people.filter(is_active=True).values_list("pk", flat=True))
    wanted = _names(account, options["learners"], options["column"])
    lookup = PeopleLookup(account.pk, wanted)
    people_by_name = {word: lookup.find(word).person for word in wanted}
    missing = [word for word, person in people_by_name.items() if person is None]
    if missing:
        raise CommandError(f"{len(missing)} of {len(wanted)} were not found, first {missing[0]!r}.")
    return [person.pk for person in people_by_name.values() if person]


def _add_terms(parser: CommandParser) -> None:
    parser.add_argument(
        "--due", required=True, help="YYYY-MM-DD, words such as 'in 30 days', or none"
    )
    parser.add_argument(
        "--dates",
        choices=[order.value for order in DateOrder],
        help="how to read 03/04/2027; by default as the organisation writes dates",
    )
    parser.add_argument("--status", required=True, choices=Status.values)
    parser.add_argument("--due-time", metavar="HH:MM", help="if DUE_TIMES is set")
    parser.add_argument("--progress", help="in percent, 0 to 100")
    parser.add_argument("--assigned-at", metavar="'YYYY-MM-DD HH:MM'", help="for the LMS's records")
    parser.add_argument("--external-reference", help="sent with each assignment")
    parser.add_argument("--passthrough", metavar="JSON", help="object that the LMS gets as it is")
    parser.add_argument("--source-status", help="status by the LMS's own name")


def _names(account: Account, path: Path, column: str) -> list[str]:
    try:
        with path.open("rb") as file:
            return identifiers.read_identifiers(account.pk, file, column)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
    except UploadRefused as refusal:
        raise CommandError(f"{path}: {refusal}") from refusal
