"""Summary of a draft: how many assignments it would create, and how long that takes."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from assignments.models import Content, Draft, DraftLearner, DraftRow, RemoteAssignment
from assignments.queries.drafts import forecast


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of a draft: people and items of the lists, rows of a file, resulting assignments.

    :ivar named: rows of the uploaded file
    :ivar already: rows of people who have the item already
    :ivar takes: estimated duration of sending, in words
    """

    titles: list[str]
    people: int
    items: int
    named: int
    rows: int
    already: int
    takes: str

    @property
    def rows_of_lists(self) -> int:
        """Number of rows from the lists: people times items."""
        return self.people * self.items

    @property
    def to_create(self) -> int:
        """Number of assignments to create."""
        return self.rows - self.already


def summary(draft: Draft, contents: list[Content], *, named: int) -> Summary:
    """Return the counts that the plan of the draft will have; rows in lists and file count once.

    :param contents: the items selected from the list
    :param named: number of rows of the uploaded file
    """
    picked = DraftLearner.objects.filter(draft=draft).values("learner")
    of_file = DraftRow.objects.filter(draft=draft)
    people, duplicates = picked.count(), 0
    if named:
        duplicates = of_file.filter(learner__in=picked, content__in=contents).count()
    rows = people * len(contents) + named - duplicates
    already = (
        0
        if draft.assigns_again
        else _already_assigned_rows(picked, contents, of_file if named else None)
    )
    titles = [str(content) for content in contents]
    takes = forecast(rows - already, draft.account)
    return Summary(titles, people, len(contents), named, rows, already, takes)


def _already_assigned_rows(
    picked: QuerySet[DraftLearner, object],
    contents: list[Content],
    of_file: QuerySet[DraftRow] | None,
) -> int:
    """Return the number of rows whose person has the item already; each row is counted once."""
    held = RemoteAssignment.objects.filter(content__in=contents, learner__in=picked)
    of_lists = held.values("learner", "content").distinct().count()
    if of_file is None:
        return of_lists
    held_by_learner = RemoteAssignment.objects.filter(
        learner=OuterRef("learner"), content=OuterRef("content")
    )
    has_it = of_file.filter(Exists(held_by_learner))
    duplicates = has_it.filter(learner__in=picked, content__in=contents).count()
    return of_lists + has_it.count() - duplicates
