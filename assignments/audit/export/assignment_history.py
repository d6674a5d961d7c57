"""The history of one person and one content item: every batch row, its entries, LMS records."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import Q, QuerySet

from assignments.audit.entries.canonical import Entry
from assignments.audit.entries.readable import ReadableEntry, readable_entries
from assignments.models import Assignment, LogEntry, RemoteAssignment

MAX_CAUSES: Final = 100
CONFIRMED: Final = frozenset({Assignment.State.CREATED})
_REF_PATTERNS: Final = tuple(re.compile(rf"{kind}/(\d{{1,15}})") for kind in ("learner", "content"))
UNSENT: Final = frozenset(
    {Assignment.State.PLANNED, Assignment.State.QUEUED, Assignment.State.SENDING}
)


@dataclass(frozen=True, slots=True)
class Cause:
    """A batch row for the person and item, with the entries about row and batch, oldest first."""

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
    def is_open(self) -> bool:
        """Whether a row may still be sent."""
        return any(cause.row.state in UNSENT for cause in self.causes)

    @property
    def entry_count(self) -> int:
        """The number of distinct entries about the causes."""
        return len({line.seq for cause in self.causes for line in cause.lines})


def fetch_history(*, learner_pk: int, content_pk: int) -> AssignmentHistory:
    """Return the history of a person and an item, with at most the MAX_CAUSES newest causes.

    Takes four queries: rows, LMS records, entries and names.
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
    entries = LogEntry.objects.filter(subject__in=sorted(set().union(*subjects.values())))
    lines = readable_entries(entries.order_by("seq"))
    return [
        Cause(row, [line for line in lines if line.body["subject"] in row_subjects])
        for row, row_subjects in subjects.items()
    ]
