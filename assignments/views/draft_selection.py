"""What the page of a draft says of its selection as a whole: audiences, and how it came about."""

from functools import cached_property
from typing import Any

from django.http import QueryDict

from assignments.queries import audiences, drafts


class SelectionParts:
    """The parts of a draft's page that add or leave out many people at once."""

    draft: Any
    table: Any
    table_of: Any
    said: str = ""

    @cached_property
    def audiences(self) -> list[Any]:
        """The audiences that can be added or left out."""
        return list(audiences.audiences(account_pk=self.draft.account_id))

    @cached_property
    def changes(self) -> list[Any]:
        """What was added to the selection or left out of it at once."""
        return drafts.changes(self.draft)

    @property
    def people_filter(self) -> str:
        """The query of the people table without its place in it, as an audience keeps it."""
        return str(self.table.filter)

    @property
    def filter_words(self) -> str:
        """The filter of the people table in words."""
        return audiences.filter_words(self.people_filter)

    @property
    def synced_at(self) -> Any:
        """When our copy of who has what was made."""
        return self.draft.account.synced_at

    def matching_kept(self, query: str) -> Any:
        """Return the people whom a kept filter finds now, or None if a filter of it is gone."""
        table = self.table_of(QueryDict(query))
        # A condition that is not understood any more would find everybody instead.
        return table.unpicked_matching if table.filter == query else None
