"""One box for everything: the one thing that is meant exactly, or the likeliest of each kind."""

import re
from dataclasses import dataclass
from typing import Final

from assignments.models import Assignment, Batch, Content, Learner, LogEntry
from assignments.queries import batches, directory

MOST: Final = 8
_BATCH: Final = re.compile(r"B-0*(\d{1,12})", re.IGNORECASE)
_ENTRY: Final = re.compile(r"#([\d,]{1,18})")


@dataclass(frozen=True, slots=True)
class Place:
    """A page by its URL name, and the number of what it shows."""

    name: str
    pk: int


@dataclass(frozen=True, slots=True)
class Found:
    """The likeliest hits of each kind."""

    people: list[Learner]
    contents: list[Content]
    batches: list[Batch]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found at all."""
        return not (self.people or self.contents or self.batches)


def exact(words: str) -> Place | None:
    """Return the one page that the words name exactly: B-0417, #20377, an id or a reference."""
    if match := _BATCH.fullmatch(words):
        found = batches.submitted_batches().filter(pk=int(match[1])).first()
        return Place("batch", found.pk) if found else None
    if match := _ENTRY.fullmatch(words):
        digits = match[1].replace(",", "")
        is_there = digits and LogEntry.objects.filter(pk=int(digits)).exists()
        return Place("entry", int(digits)) if is_there else None
    return _person(words) or _content(words)


def likeliest(words: str) -> Found:
    """Return the first few people, items and batches in which the words are found."""
    return Found(
        people=list(directory.people(account_pk=None, words=words, with_inactive=True)[:MOST]),
        contents=list(directory.contents(account_pk=None, words=words)[:MOST]),
        batches=list(batches.submitted(words=words)[:MOST]),
    )


def _person(words: str) -> Place | None:
    for column in ("external_reference__iexact", "email__iexact", "remote_id"):
        pks = list(Learner.objects.filter(**{column: words}).values_list("pk", flat=True)[:2])
        if len(pks) == 1:
            return Place("person", pks[0])
    record = Assignment.objects.filter(remote_id=words).values_list("learner", flat=True).first()
    return Place("person", record) if record else None


def _content(words: str) -> Place | None:
    found = Content.objects.filter(external_reference__iexact=words)
    pks = list(found.values_list("pk", flat=True)[:2])
    return Place("content-item", pks[0]) if len(pks) == 1 else None
