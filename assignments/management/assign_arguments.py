"""The arguments of `manage.py assign`, and what their text means."""

from collections.abc import Iterable
from datetime import date

from django.core.management import CommandError, CommandParser
from django.utils import timezone

from assignments.management.command_options import Option, reason_text
from assignments.management.people_file import (
    add_people_arguments,
    refuse_file_options_without_file,
)
from assignments.models import Account, Content
from assignments.models.terms import Status
from assignments.services.picking.uploads.content_lookup import NO_MATCH, ContentLookup
from assignments.services.planning import due_dates
from assignments.services.planning.due_dates import DateOrder


def add_arguments(parser: CommandParser) -> None:
    """Add people, content, terms, and whether to submit and wait."""
    parser.add_argument("--as", required=True, dest="email", help="e-mail of the manager")
    add_people_arguments(parser)
    parser.add_argument("--account", default="", help="StackOne id, if there are several")
    parser.add_argument(
        "--content",
        nargs="+",
        help="reference, LMS ID or title; without it, the file names items and their due dates",
    )
    _add_terms(parser)
    parser.add_argument("--reason", default="", type=reason_text, help="kept in the audit log")
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
    refuse_file_options_without_file(options)
    if options["all"] and not options["content"]:
        raise CommandError("--all needs --content.")


def due_date(text: str, dates: str | None) -> date | None:
    """Return the due date of --due, or None for "none".

    :raises CommandError: if it is no due date
    """
    if not text.strip():
        raise CommandError("--due is empty. Write a day, or none for no due date.")
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


def _add_terms(parser: CommandParser) -> None:
    parser.add_argument(
        "--due", required=True, help="YYYY-MM-DD, words such as 'in 30 days', or none"
    )
    parser.add_argument(
        "--dates",
        choices=[order.value for order in DateOrder],
        help="how to read 03/04/2027; by default as the file shows or the organisation writes it",
    )
    parser.add_argument("--status", required=True, choices=Status.values)
    parser.add_argument("--due-time", metavar="HH:MM", help="if DUE_TIMES is set")
    parser.add_argument("--progress", help="in percent, 0 to 100")
    parser.add_argument("--assigned-at", metavar="'YYYY-MM-DD HH:MM'", help="for the LMS's records")
    parser.add_argument("--external-reference", help="sent with each assignment")
    parser.add_argument("--passthrough", metavar="JSON", help="object that the LMS gets as it is")
    parser.add_argument("--source-status", help="status by the LMS's own name")
