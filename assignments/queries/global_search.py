"""Global search: an exact match to open directly, or the best matches of each kind."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from django.db.models import Q

from assignments.models import Account, Assignment, Batch, Content, Learner, LogEntry
from assignments.models.sql.text_cleaning import clean
from assignments.queries import batches, directory
from assignments.queries.account_scope import exclude_accounts

MAX_RESULTS: Final = 8
_BATCH: Final = re.compile(r"B-0*(\d{1,12})", re.IGNORECASE)
_ENTRY: Final = re.compile(r"#([\d,]{1,18})")


@dataclass(frozen=True, slots=True)
class PageReference:
    """A page by its URL name, and the id of what it shows."""

    name: str
    pk: int


@dataclass(frozen=True, slots=True)
class SearchResults:
    """The first matches of each kind."""

    people: list[Learner]
    contents: list[Content]
    batches: list[Batch]

    @property
    def is_empty(self) -> bool:
        """Whether there are no matches."""
        return not (self.people or self.contents or self.batches)


def exact_match(words: str, *, hidden: Collection[str]) -> PageReference | None:
    """Return the page that the words identify: B-0417, #20377, an e-mail, id or reference.

    :param hidden: StackOne ids of accounts that are left out
    """
    words = clean(words)
    if match := _BATCH.fullmatch(words):
        visible = exclude_accounts(batches.submitted_batches(), hidden)
        number = int(match[1])
        return PageReference("batch", number) if visible.filter(number=number).exists() else None
    if match := _ENTRY.fullmatch(words):
        digits = match[1].replace(",", "")
        exists = digits and LogEntry.objects.filter(pk=int(digits)).exists()
        return PageReference("entry", int(digits)) if exists else None
    return _person(words, hidden) or _content(words, hidden)


def best_matches(
    words: str, *, hidden: Collection[str], account_pk: int | None = None
) -> SearchResults:
    """Return the first people, items and batches that match all words.

    :param hidden: StackOne ids of accounts that are left out
    :param account_pk: the only account to search; None for all
    """
    people = directory.people(account_pk=account_pk, words=words, with_inactive=True)
    contents = directory.contents(account_pk=account_pk, words=words)
    submitted = batches.submitted(words=words)
    if account_pk is not None:
        submitted = submitted.filter(account=account_pk)
    return SearchResults(
        people=list(exclude_accounts(people, hidden)[:MAX_RESULTS]),
        contents=list(exclude_accounts(contents, hidden)[:MAX_RESULTS]),
        batches=list(exclude_accounts(submitted, hidden)[:MAX_RESULTS]),
    )


def _person(words: str, hidden: Collection[str]) -> PageReference | None:
    is_exact = Q(external_reference__iexact=words) | Q(email__iexact=words) | Q(remote_id=words)
    # An exact match is among the people that the search returns, if these are few.
    matching = exclude_accounts(
        directory.people(account_pk=None, words=words, with_inactive=True), hidden
    )
    pks = list(matching[: MAX_RESULTS + 1].values_list("pk", flat=True))
    if len(pks) <= MAX_RESULTS:
        pks = list(Learner.objects.filter(is_exact, pk__in=pks).values_list("pk", flat=True))
    else:
        pks = _same_reference(words, hidden)
    if len(pks) == 1:
        return PageReference("person", pks[0])
    records = Assignment.objects.filter(remote_id=words)
    record = (
        exclude_accounts(records, hidden, by="batch__account")
        .values_list("learner", flat=True)
        .first()
    )
    return PageReference("person", record) if record else None


def _same_reference(words: str, hidden: Collection[str]) -> list[int]:
    accounts = Account.objects.exclude(remote_id__in=hidden).values_list("pk", flat=True)
    matching = Learner.objects.filter(account__in=list(accounts), external_reference=words)
    return list(matching.values_list("pk", flat=True)[:2])


def _content(words: str, hidden: Collection[str]) -> PageReference | None:
    matching = exclude_accounts(Content.objects.filter(external_reference__iexact=words), hidden)
    pks = list(matching.values_list("pk", flat=True)[:2])
    return PageReference("content-item", pks[0]) if len(pks) == 1 else None
