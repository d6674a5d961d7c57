"""What a draft would do, in numbers, while it is still being put together."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from assignments.models import Content, Draft, DraftLearner, DraftRow, RemoteAssignment
from assignments.queries.drafts import forecast


@dataclass(frozen=True, slots=True)
class Summary:
    """People and items from the lists, rows from a file, and what becomes of them together."""

    titles: list[str]
    people: int
    items: int
    named: int
    rows: int
    already: int
    takes: str

    @property
    def rows_of_lists(self) -> int:
        """How many rows the people and items from the lists make."""
        return self.people * self.items

    @property
    def to_create(self) -> int:
        """How many assignments would be created."""
        return self.rows - self.already


def summary(draft: Draft, contents: list[Content], *, named: int) -> Summary:
    """Return the draft's numbers as its plan will have them; a row that a file repeats counts once.

    :param contents: the items picked from the list
    :param named: how many rows a file brought
    """
    picked = DraftLearner.objects.filter(draft=draft).values("learner")
    of_file = DraftRow.objects.filter(draft=draft)
    people, twice = picked.count(), 0
    if named:
        twice = of_file.filter(learner__in=picked, content__in=contents).count()
    rows = people * len(contents) + named - twice
    already = 0 if draft.assigns_again else _already(picked, contents, of_file if named else None)
    titles = [str(content) for content in contents]
    takes = forecast(rows - already, draft.account)
    return Summary(titles, people, len(contents), named, rows, already, takes)


def _already(
    picked: QuerySet[DraftLearner, Any],
    contents: list[Content],
    of_file: QuerySet[DraftRow] | None,
) -> int:
    """Return how many of the rows are of people who have the item; each row is counted once."""
    held = RemoteAssignment.objects.filter(content__in=contents, learner__in=picked)
    of_lists = held.values("learner", "content").distinct().count()
    if of_file is None:
        return of_lists
    theirs = RemoteAssignment.objects.filter(
        learner=OuterRef("learner"), content=OuterRef("content")
    )
    has_it = of_file.filter(Exists(theirs))
    twice = has_it.filter(learner__in=picked, content__in=contents).count()
    return of_lists + has_it.count() - twice
