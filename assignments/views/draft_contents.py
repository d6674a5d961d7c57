"""The part of a draft's page that offers items to add."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from assignments.queries import directory
from assignments.queries.highlighting import Segments, highlighted
from assignments.views.query_params import search_words
from assignments.views.request_context import Request

if TYPE_CHECKING:
    from assignments.models import Content, Draft


class ContentParts:
    """The items of a draft's page: those picked, and those that a search offers."""

    request: Request
    draft: Draft

    if TYPE_CHECKING:

        @property
        def contents(self) -> list[tuple[Content, int]]: ...

    @cached_property
    def matching_contents(self) -> list[Content] | None:
        """The items that match the content search, or None if there is no search."""
        words = search_words(self.request, "find")
        if not words:
            return None
        picked = [content.pk for content, _ in self.contents]
        return directory.content_options(
            account_pk=self.draft.account_id, words=words, exclude=picked
        )

    @cached_property
    def options(self) -> list[tuple[Content, Segments, int]]:
        """The matching items: each with its highlighted title, and how many people have it."""
        contents = self.matching_contents or []
        holders = directory.holder_counts([content.pk for content in contents]) if contents else {}
        words = search_words(self.request, "find")
        return [
            (content, highlighted(str(content), words), holders.get(content.pk, 0))
            for content in contents
        ]
