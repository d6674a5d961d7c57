"""What the page of a draft says of the items that can be picked."""

from functools import cached_property
from typing import Any

from assignments.queries import directory
from assignments.queries.highlighting import Pieces, marked
from assignments.views.query_params import asked_words
from assignments.views.request_context import Request


class ContentParts:
    """The part of a draft's page that offers items to choose from."""

    request: Request

    @cached_property
    def options(self) -> list[tuple[Any, Pieces, int]]:
        """The items found: each with its title in pieces, and how many people have it."""
        found: list[Any] = self.found_contents or []  # type: ignore[attr-defined]  # of the page
        holders = directory.holders([content.pk for content in found]) if found else {}
        sought = asked_words(self.request, "find")
        return [
            (content, marked(str(content), sought), holders.get(content.pk, 0)) for content in found
        ]
