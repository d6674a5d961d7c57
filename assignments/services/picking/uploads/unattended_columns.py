"""Choose the columns of a file without anybody to ask: refused if it is not clear which."""

from collections.abc import Mapping, Sequence

from assignments.models import DraftUpload
from assignments.models.terms import TERM_LABELS
from assignments.services.picking.identifier_forms import comparable
from assignments.services.picking.uploads.column_detection import (
    Columns,
    PeopleCount,
    people_columns,
)
from assignments.services.picking.uploads.column_headings import column_named
from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.planning import own_terms


def choose(
    upload: DraftUpload, person: str, *, takes_items: bool, more: Mapping[str, str]
) -> Columns:
    """Return the columns of a file: the named one of people, the only one of others.

    :param person: the heading of the column with the people; empty for the detected one
    :param takes_items: whether items and due dates are read
    :param more: the headings of columns with terms of their rows, by the names of the terms
    :raises UploadRefused: if there is no such column, none or several could be meant
    """
    heading, candidates = upload.heading, upload.candidates
    if person:
        column = column_named(person, heading)
    else:
        column = _only_person_column(upload, may_repeat=takes_items or len(heading) == 1)
    if not takes_items:
        return Columns(column)
    content = _only(heading, candidates["content"], "items")
    if content is None:
        raise UploadRefused("No column names items. Add --content.")
    due = _only(heading, candidates["due"], "due dates")
    of_terms = {name: column_named(text, heading) for name, text in more.items()}
    return Columns(column, content, due, dates="", **of_terms)


def unread_terms(heading: Sequence[str], columns: Columns) -> list[str]:
    """Return a sentence about each column that is called like a term and is not read."""
    read = {columns.person, columns.content, columns.due, *columns.of_terms.values()}
    unread = {
        comparable(name).replace("_", " "): name for n, name in enumerate(heading) if n not in read
    }
    return [
        f"The column “{unread[called]}” was not read. Add --more-column '{name}={unread[called]}'."
        for name in own_terms.NAMES
        for called in {name.replace("_", " "), TERM_LABELS[name].casefold()} & unread.keys()
    ]


def _only_person_column(upload: DraftUpload, *, may_repeat: bool) -> int:
    """Return the only candidate, unless it repeats few people as a column of managers does."""
    heading: list[str] = upload.heading
    candidates: list[int] = upload.candidates["person"]
    counts = [PeopleCount(*count) for count in upload.people_counts]
    if len(candidates) == 1 and (may_repeat or not counts[candidates[0]].repeats_people):
        return candidates[0]
    if not any(count.people for count in counts):
        raise UploadRefused(
            f"No column names anybody whom the LMS knows; it has {', '.join(heading)}. Add "
            "--column with the heading of the column of people to see why."
        )
    raise UploadRefused(
        "It is not clear which column names the people who get the assignments: "
        f"{people_columns(heading, counts)}. Add --column with the heading of that column."
    )


def _only(heading: Sequence[str], candidates: Sequence[int], what: str) -> int | None:
    """Return the only candidate, or None without one."""
    if len(candidates) > 1:
        names = ", ".join(f"“{heading[n]}”" for n in candidates)
        raise UploadRefused(f"Several columns hold {what}: {names}. Leave all but one out.")
    return candidates[0] if candidates else None
