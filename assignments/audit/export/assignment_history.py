"""Why somebody has an item: every cause with its entries, and what the LMS holds now."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import Q, QuerySet

from assignments.audit.entries.canonical import Entry
from assignments.audit.entries.readable import ReadableEntry, readable_entries
from assignments.models import Assignment, LogEntry, RemoteAssignment

MOST: Final = 100
HAS: Final = frozenset({Assignment.State.CREATED})
_KINDS: Final = tuple(re.compile(rf"{kind}/(\d{{1,15}})") for kind in ("learner", "content"))
OPEN: Final = frozenset(
    {Assignment.State.PLANNED, Assignment.State.QUEUED, Assignment.State.SENDING}
)


@dataclass(frozen=True, slots=True)
class Cause:
    """One row of a batch, and the entries about the row and its batch, oldest first."""

    row: Assignment
    lines: list[ReadableEntry]

    @property
    def answered(self) -> ReadableEntry | None:
        """The newest entry that keeps an answer of the LMS."""
        kept = (line for line in reversed(self.lines) if (line.body["detail"] or {}).get("reply"))
        return next(kept, None)


@dataclass(frozen=True, slots=True)
class Story:
    """Every cause, newest first, and the records of the LMS in our copy.

    `elsewhere` are the records that no row of ours made.
    """

    causes: list[Cause]
    records: list[RemoteAssignment]
    elsewhere: list[RemoteAssignment]

    @property
    def made(self) -> Cause | None:
        """The newest cause that the LMS confirmed."""
        return next((cause for cause in self.causes if cause.row.state in HAS), None)

    @property
    def is_open(self) -> bool:
        """Whether a row may still be sent."""
        return any(cause.row.state in OPEN for cause in self.causes)

    @property
    def entries(self) -> int:
        """How many entries it is told by."""
        return len({line.seq for cause in self.causes for line in cause.lines})


def story(*, learner_pk: int, content_pk: int) -> Story:
    """Return why a person has an item, or what was done about it; three queries and one for names.

    Of somebody who was assigned an item again and again, only the newest causes.
    """
    both = Q(learner=learner_pk, content=content_pk)
    rows = Assignment.objects.filter(both, batch__submitted_at__isnull=False)
    newest = rows.select_related("batch").order_by("-batch__submitted_at", "-pk")[:MOST]
    causes = _causes(newest)
    records = list(RemoteAssignment.objects.filter(both).order_by("-assigned_at", "-pk")[:MOST])
    own = {cause.row.remote_id for cause in causes}
    return Story(causes, records, [one for one in records if one.remote_id not in own])


def told_of(body: Entry) -> tuple[int, int] | None:
    """Return the ids of the person and the item that an entry speaks of, if of both."""
    content = (body["detail"] or {}).get("content")
    refs = [*(person["ref"] for person in body["people"][:1])]
    refs += [str(content.get("ref"))] if isinstance(content, Mapping) else []
    found = [
        match for ref, kind in zip(refs, _KINDS, strict=False) if (match := kind.fullmatch(ref))
    ]
    return (int(found[0][1]), int(found[1][1])) if len(found) == len(_KINDS) else None


def _causes(rows: "QuerySet[Assignment]") -> list[Cause]:
    subjects = {row: {f"assignment/{row.pk}", f"batch/{row.batch_id}"} for row in rows}
    told = _told({subject for some in subjects.values() for subject in some})
    return [
        Cause(row, [line for line in told if line.body["subject"] in about])
        for row, about in subjects.items()
    ]


def _told(subjects: Iterable[str]) -> list[ReadableEntry]:
    return readable_entries(LogEntry.objects.filter(subject__in=sorted(subjects)).order_by("seq"))
