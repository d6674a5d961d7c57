"""The part of a draft's page for its selection as a whole: audiences and past bulk changes."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from django.db.models import QuerySet
from django.http import QueryDict

from assignments.queries import audiences, drafts
from assignments.views.people_table import PeopleTable

if TYPE_CHECKING:
    from assignments.models import Audience, Draft, Learner, SelectionChange


class SelectionParts:
    """The parts of a draft's page that add or leave out many people at once.

    :ivar message: the sentence that confirms what the request did, or ""
    """

    draft: Draft
    message: str = ""

    if TYPE_CHECKING:

        @property
        def table(self) -> PeopleTable: ...

        def table_of(self, query: QueryDict) -> PeopleTable: ...

    @cached_property
    def audiences(self) -> list[Audience]:
        """The audiences that can be added or left out."""
        return list(audiences.audiences(account_pk=self.draft.account_id))

    @cached_property
    def changes(self) -> list[SelectionChange]:
        """The bulk changes of the selection, oldest first."""
        return drafts.changes(self.draft)

    @property
    def people_filter(self) -> str:
        """The query of the people table without its page, as an audience stores it."""
        return self.table.filter

    @property
    def filter_words(self) -> str:
        """The filter of the people table in words."""
        return audiences.filter_description(self.people_filter)

    @property
    def synced_at(self) -> datetime | None:
        """When our copy of who has which item was last synced, in UTC."""
        return self.draft.account.synced_at

    def matching_filter(self, query: str) -> QuerySet[Learner] | None:
        """Return the people whom an audience's filter matches now.

        None if a field that it filters by is no longer offered: the rest of the filter would
        match too many.
        """
        table = self.table_of(QueryDict(query))
        is_understood = sorted(parse_qsl(table.filter)) == sorted(parse_qsl(query))
        return table.unpicked_matching if is_understood else None
