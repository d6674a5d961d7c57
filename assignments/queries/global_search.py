"""One box for everything: the one thing that is meant exactly, or the likeliest of each kind."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from django.db.models import Q

from assignments.models import Account, Assignment, Batch, Content, Learner, LogEntry
from assignments.queries import batches, directory
from assignments.queries.account_scope import without

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


def exact(words: str, *, closed: Collection[str]) -> Place | None:
    """Return the one page that the words name exactly: B-0417, #20377, an id or a reference."""
    if match := _BATCH.fullmatch(words):
        seen = without(batches.submitted_batches(), closed)
        found = seen.filter(pk=int(match[1])).first()
        return Place("batch", found.pk) if found else None
    if match := _ENTRY.fullmatch(words):
        digits = match[1].replace(",", "")
        is_there = digits and LogEntry.objects.filter(pk=int(digits)).exists()
        return Place("entry", int(digits)) if is_there else None
    return _person(words, closed) or _content(words, closed)


def likeliest(words: str, *, closed: Collection[str]) -> Found:
    """Return the first few people, items and batches in which the words are found."""
    people = directory.people(account_pk=None, words=words, with_inactive=True)
    contents = directory.contents(account_pk=None, words=words)
    return Found(
        people=list(without(people, closed)[:MOST]),
        contents=list(without(contents, closed)[:MOST]),
        batches=list(without(batches.submitted(words=words), closed)[:MOST]),
    )


def _person(words: str, closed: Collection[str]) -> Place | None:
    named = Q(external_reference__iexact=words) | Q(email__iexact=words) | Q(remote_id=words)
    # Whoever is meant has the words in the text; those are few, or nobody is meant.
    likely = without(directory.people(account_pk=None, words=words, with_inactive=True), closed)
    pks = list(likely[: MOST + 1].values_list("pk", flat=True))
    if len(pks) <= MOST:
        pks = list(Learner.objects.filter(named, pk__in=pks).values_list("pk", flat=True))
    else:
        pks = _written_so(words, closed)
    if len(pks) == 1:
        return Place("person", pks[0])
    records = Assignment.objects.filter(remote_id=words)
    record = without(records, closed, by="batch__account").values_list("learner", flat=True).first()
    return Place("person", record) if record else None


def _written_so(words: str, closed: Collection[str]) -> list[int]:
    accounts = Account.objects.exclude(remote_id__in=closed).values_list("pk", flat=True)
    found = Learner.objects.filter(account__in=list(accounts), external_reference=words)
    return list(found.values_list("pk", flat=True)[:2])


def _content(words: str, closed: Collection[str]) -> Place | None:
    found = without(Content.objects.filter(external_reference__iexact=words), closed)
    pks = list(found.values_list("pk", flat=True)[:2])
    return Place("content-item", pks[0]) if len(pks) == 1 else None
