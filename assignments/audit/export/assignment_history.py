"""The history of one person and one content item: every batch row, its entries, LMS records."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from django.db.models import Q, QuerySet

from assignments.audit.entries.canonical import Entry
from assignments.audit.entries.readable import ReadableEntry, readable_entries
from assignments.audit.entries.row_numbers import (
    GROUP_ACTIONS,
    STARTED,
    names_row,
    started_in,
)
from assignments.models import Assignment, LogEntry, RemoteAssignment

MAX_CAUSES: Final = 100
CONFIRMED: Final = frozenset({Assignment.State.CREATED})
_REF_PATTERNS: Final = tuple(re.compile(rf"{kind}/(\d{{1,15}})") for kind in ("learner", "content"))
UNSENT: Final = frozenset(
    {Assignment.State.PLANNED, Assignment.State.QUEUED, Assignment.State.SENDING}
)


@dataclass(frozen=True, slots=True)
class Cause:
    """A batch row for the person and item, with the entries about row and batch, oldest first.

    Of the entries about many rows of the batch those are included that name the row.
    """

    row: Assignment
    lines: list[ReadableEntry]

    @property
    def response_entry(self) -> ReadableEntry | None:
        """The newest entry that holds a response of the LMS."""
        lines = (
            line for line in reversed(self.lines) if (line.body["detail"] or {}).get("response")
        )
        return next(lines, None)


@dataclass(frozen=True, slots=True)
class AssignmentHistory:
    """Every cause, newest first, and the LMS records of the last sync.

    :ivar foreign_records: the LMS records that none of the causes created
    """

    causes: list[Cause]
    records: list[RemoteAssignment]
    foreign_records: list[RemoteAssignment]

    @property
    def confirmed_cause(self) -> Cause | None:
        """The newest cause that the LMS confirmed."""
        return next((cause for cause in self.causes if cause.row.state in CONFIRMED), None)

    @property
    def has_altered_name(self) -> bool:
        """Whether a name in the entries was altered beside the log."""
        return any(line.has_altered_name for cause in self.causes for line in cause.lines)

    @property
    def is_open(self) -> bool:
        """Whether a row may still be sent."""
        return any(cause.row.state in UNSENT for cause in self.causes)

    @property
    def entry_count(self) -> int:
        """The number of distinct entries about the causes."""
        return len({line.seq for cause in self.causes for line in cause.lines})


def fetch_history(*, learner_pk: int, content_pk: int) -> AssignmentHistory:
    """Return the history of a person and an item, with at most the MAX_CAUSES newest causes.

    Takes six queries: rows, LMS records, entries and names, those of started calls and their names.
    """
    pair = Q(learner=learner_pk, content=content_pk)
    rows = Assignment.objects.filter(pair, batch__submitted_at__isnull=False)
    newest = rows.select_related("batch").order_by("-batch__submitted_at", "-pk")[:MAX_CAUSES]
    causes = _read_causes(newest)
    records = list(
        RemoteAssignment.objects.filter(pair).order_by("-assigned_at", "-pk")[:MAX_CAUSES]
    )
    created = {cause.row.remote_id for cause in causes}
    foreign_records = [record for record in records if record.remote_id not in created]
    return AssignmentHistory(causes, records, foreign_records)


def learner_and_content_of(body: Entry) -> tuple[int, int] | None:
    """Return the ids of the learner and the content that an entry is about; None without both."""
    content = (body["detail"] or {}).get("content")
    refs = [*(person["ref"] for person in body["people"][:1])]
    refs += [str(content.get("ref"))] if isinstance(content, Mapping) else []
    matches = [
        match
        for ref, pattern in zip(refs, _REF_PATTERNS, strict=False)
        if (match := pattern.fullmatch(ref))
    ]
    return (int(matches[0][1]), int(matches[1][1])) if len(matches) == len(_REF_PATTERNS) else None


def _read_causes(rows: "QuerySet[Assignment]") -> list[Cause]:
    subjects = {row: {f"assignment/{row.pk}", row.batch.ref} for row in rows}
    about = LogEntry.objects.filter(subject__in=sorted(set().union(*subjects.values())))
    # A large batch has thousands of entries of started calls: only those that are named are read.
    lines = readable_entries(about.exclude(action=STARTED).order_by("seq"))
    own = {
        row: [line for line in lines if line.body["subject"] in refs and _is_about(line, row)]
        for row, refs in subjects.items()
    }
    of_lines = (started_in(line.body) for of_row in own.values() for line in of_row)
    named = {row.started_in for row in own if row.started_in is not None}.union(*of_lines)
    started = readable_entries(LogEntry.objects.filter(seq__in=sorted(named), action=STARTED))
    return [
        Cause(row, sorted([*of_row, *_calls_of(row, started)], key=attrgetter("seq")))
        for row, of_row in own.items()
    ]


def _calls_of(row: Assignment, started: Iterable[ReadableEntry]) -> list[ReadableEntry]:
    return [line for line in started if line.batch == row.batch.ref and _is_about(line, row)]


def _is_about(line: ReadableEntry, row: Assignment) -> bool:
    """Return whether an entry is not about many rows, or names this one."""
    return line.action not in GROUP_ACTIONS or names_row(line.body, row.position)
