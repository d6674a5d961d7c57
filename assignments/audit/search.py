"""Finding entries: newest first, page by page, by words, person, action, batch and time."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from assignments.audit.lines import EntryLine, entry_lines
from assignments.models import LogEntry, PersonalValue
from assignments.models.folding import folded

CAP: Final = 10_000
_MOST_WORDS: Final = 8
_REF: Final = re.compile(r"[a-z]+/\S+")
_BATCH: Final = re.compile(r"(?:b-|batch/)0*(\d{1,18})", re.IGNORECASE)
_ENTRY: Final = re.compile(r"#([\d,]{1,23})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to look for; everything that is not empty must fit.

    `person` is a ref such as "learner/12" or words of a name, address or reference. `since` and
    `until` are days of the organisation's zone, both included.
    """

    text: str = ""
    by: str = ""
    action: str = ""
    batch: str = ""
    person: str = ""
    subject: str = ""
    since: date | None = None
    until: date | None = None


def found(search: Search, *, before: int | None = None, limit: int = 50) -> list[EntryLine]:
    """Return the newest entries that fit, older than the number `before` if it is given."""
    entries = matching(search).order_by("-seq")
    if before is not None:
        entries = entries.filter(seq__lt=before)
    return entry_lines(entries[:limit])


def count(search: Search, cap: int = CAP) -> tuple[int, bool]:
    """Return how many entries fit, and whether that is only where the counting stopped."""
    counted = matching(search).values("seq")[: cap + 1].count()
    return min(counted, cap), counted > cap


def entry(seq: int) -> EntryLine | None:
    """Return the entry with this number."""
    return next(iter(entry_lines(LogEntry.objects.filter(seq=seq))), None)


def matching(search: Search) -> QuerySet[LogEntry]:
    """Return the entries that fit, in no order yet."""
    exact = {"actor": search.by, "action": search.action, "subject": search.subject}
    entries = LogEntry.objects.filter(**{name: value for name, value in exact.items() if value})
    if search.batch:
        entries = entries.filter(batch=_batch_ref(search.batch))
    for word in search.person.split()[:_MOST_WORDS]:
        entries = entries.filter(_of_person(word))
    for word in search.text.split()[:_MOST_WORDS]:
        entries = entries.filter(_says(word))
    return entries.filter(_between(search.since, search.until))


def _says(word: str) -> Q:
    if number := _ENTRY.fullmatch(word):
        return Q(seq=int(number[1].replace(",", "") or -1))
    if _BATCH.fullmatch(word):
        return Q(batch=_batch_ref(word))
    refs = _refs(word)
    return Q(search_text__contains=folded(word)) | Q(person__in=refs) | Q(actor__in=refs)


def _of_person(word: str) -> Q:
    return Q(person=word) if _REF.fullmatch(word) else Q(person__in=_refs(word))


def _refs(word: str) -> "QuerySet[PersonalValue, str]":
    known = PersonalValue.objects.filter(search_text__contains=folded(word))
    return known.exclude(field="ip").values_list("ref", flat=True)


def _batch_ref(text: str) -> str:
    number = _BATCH.fullmatch(text)
    return f"batch/{number[1]}" if number else f"batch/{text}"


def _between(since: date | None, until: date | None) -> Q:
    within = Q()
    if since:
        within &= Q(at__gte=_midnight(since))
    if until and until < date.max:
        within &= Q(at__lt=_midnight(until + timedelta(days=1)))
    return within


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min), timezone.get_default_timezone())
