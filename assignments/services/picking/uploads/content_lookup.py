"""Look content up by external reference, LMS ID or exact title, whatever their case and dashes."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from django.db.models import Q

from assignments.models import Content
from assignments.services.picking.identifier_forms import (
    comparable,
    identifier_forms,
    lower_spellings,
)
from assignments.services.planning.frozen_plan import why_not_assignable

NO_MATCH: Final = "No item has this reference, LMS ID or title."


class ContentLookup:
    """Finds content of an account by identifier; all identifiers are read in one query."""

    def __init__(self, account_pk: int, identifiers: Iterable[str]) -> None:
        needles = lower_spellings(identifiers)
        condition = Q(external_reference__lower__in_list=needles)
        condition |= Q(remote_id__lower__in_list=needles) | Q(title__lower__in_list=needles)
        contents = Content.objects.filter(condition, account=account_pk)
        self._by_key: defaultdict[str, list[Content]] = defaultdict(list)
        for content in contents.order_by("pk"):
            identifiers_of_item = content.external_reference, content.remote_id, content.title
            for key in set(map(comparable, identifiers_of_item)):
                self._by_key[key].append(content)

    def find(self, identifier: str) -> tuple[Content | None, str]:
        """Return the assignable content that an identifier belongs to, or None and the reason."""
        keys = map(comparable, identifier_forms(identifier))
        matches = self._by_key.get(next((key for key in keys if key in self._by_key), ""), [])
        assignable = [content for content in matches if not why_not_assignable(content)]
        if len(assignable) == 1:
            return assignable[0], ""
        if len(assignable) > 1:
            return (
                None,
                f"It matches {len(assignable):,} items. Use a reference that only one of them has.",
            )
        if matches:
            return None, f"{matches[0]} cannot be assigned: {why_not_assignable(matches[0])}"
        return None, NO_MATCH
