"""What a draft holds when its plan is made: people and items from the lists, rows from a file."""

from datetime import date
from functools import cached_property

from assignments.models import Content, Draft, DraftContent, DraftLearner, DraftRow


class Picks:
    """The numbers and dates of a draft's picks, each asked for once."""

    def __init__(self, draft: Draft) -> None:
        self._picked = DraftContent.objects.filter(draft=draft)
        self._learners = DraftLearner.objects.filter(draft=draft)
        self._named = DraftRow.objects.filter(draft=draft)

    @cached_property
    def items(self) -> list[tuple[Content, date | None]]:
        """The items from the list, by title, each with the due date of its own."""
        by_title = self._picked.select_related("content").order_by("content__title", "content")
        return [(picked.content, picked.due_date) for picked in by_title]

    @property
    def contents(self) -> list[Content]:
        """The items from the list, by title."""
        return [content for content, _ in self.items]

    @cached_property
    def people(self) -> int:
        """How many people are picked from the list."""
        return self._learners.count()

    @cached_property
    def named(self) -> int:
        """How many rows a file names."""
        return self._named.count()

    @cached_property
    def duplicate_rows(self) -> int:
        """How many of these rows are picked from the lists as well; the file's counts."""
        if not self.named:
            return 0
        people, items = self._learners.values("learner"), self._picked.values("content")
        return self._named.filter(learner__in=people, content__in=items).count()

    @property
    def rows(self) -> int:
        """How many rows the plan will have."""
        return self.people * len(self.contents) + self.named - self.duplicate_rows

    @cached_property
    def due_dates(self) -> set[date]:
        """The due dates that items and rows have of their own."""
        of_rows = self._named.filter(due_date__isnull=False).values_list("due_date", flat=True)
        own = {due_date for _, due_date in self.items if due_date}
        return own | {day for day in of_rows.order_by().distinct() if day}

    def rows_due_before(self, day: date) -> int:
        """Return how many rows of a file are due before a day."""
        return self._named.filter(due_date__lt=day).count() if self.named else 0

    @property
    def title(self) -> str:
        """What the batch is called: its first item, and how many more there are."""
        named = self._named.values_list("content", flat=True).order_by().distinct()
        others = Content.objects.filter(pk__in=named).exclude(pk__in=[c.pk for c in self.contents])
        found = [*self.contents, *others.order_by("title", "pk")]
        first, more = str(found[0]), len(found) - 1
        return f"{first} and {more} more" if more else first
