"""Which item a cell names: by its reference, its LMS id or its exact title, whatever the case."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from django.db.models import Q

from assignments.models import Content
from assignments.services.planning.frozen_plan import why_not_assignable

UNKNOWN: Final = "No item has this reference, LMS ID or title."


class Contents:
    """The items of an account that some words may name, found in one query."""

    def __init__(self, account_pk: int, words: Iterable[str]) -> None:
        wanted = {word.lower() for word in words}
        named = Q(external_reference__lower_in_list=wanted) | Q(remote_id__lower_in_list=wanted)
        found = Content.objects.filter(named | Q(title__lower_in_list=wanted), account=account_pk)
        self._by_key: defaultdict[str, list[Content]] = defaultdict(list)
        for content in found.order_by("pk"):
            for key in {
                _key(content.external_reference),
                _key(content.remote_id),
                _key(content.title),
            }:
                self._by_key[key].append(content)

    def named(self, word: str) -> tuple[Content | None, str]:
        """Return the item that a word names, or None and why."""
        fitting = self._by_key.get(_key(word), [])
        pool = [content for content in fitting if not why_not_assignable(content)]
        if len(pool) == 1:
            return pool[0], ""
        if len(pool) > 1:
            return (
                None,
                f"It fits {len(pool):,} items. Use the reference that only one of them has.",
            )
        if fitting:
            return None, f"{fitting[0]} cannot be assigned: {why_not_assignable(fitting[0])}"
        return None, UNKNOWN


def _key(text: str) -> str:
    return text.casefold()
