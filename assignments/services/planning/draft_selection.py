"""The people, content and uploaded rows of a draft, as its plan is made from them."""

from datetime import date
from functools import cached_property

from django.db.models import Q

from assignments.models import Content, Draft, DraftContent, DraftLearner, DraftRow
from assignments.services.planning.own_terms import terms_of_items


class DraftSelection:
    """The numbers and due dates of what a draft selects; each is queried at most once.

    People and items are selected from lists and combined; an uploaded file names single rows.
    """

    def __init__(self, draft: Draft) -> None:
        self._contents = DraftContent.objects.filter(draft=draft)
        self._learners = DraftLearner.objects.filter(draft=draft)
        self._rows = DraftRow.objects.filter(draft=draft)

    @cached_property
    def items(self) -> list[tuple[Content, date | None]]:
        """The items selected from the list by title, each with its own due date, if it has one."""
        by_title = self._contents.select_related("content").order_by("content__title", "content")
        return [(selected.content, selected.due_date) for selected in by_title]

    @property
    def contents(self) -> list[Content]:
        """The items selected from the list, by title."""
        return [content for content, _ in self.items]

    @cached_property
    def people(self) -> int:
        """The number of people selected from the list."""
        return self._learners.count()

    @cached_property
    def uploaded_rows(self) -> int:
        """The number of rows from uploaded files."""
        return self._rows.count()

    @cached_property
    def duplicate_rows(self) -> int:
        """The number of uploaded rows that the lists select, too; those of the file count."""
        if not self.uploaded_rows:
            return 0
        people, items = self._learners.values("learner"), self._contents.values("content")
        return self._rows.filter(learner__in=people, content__in=items).count()

    @property
    def rows(self) -> int:
        """The number of rows that the plan will have."""
        return self.people * len(self.contents) + self.uploaded_rows - self.duplicate_rows

    @cached_property
    def due_dates(self) -> set[date]:
        """The due dates that items and uploaded rows have of their own."""
        of_rows = self._rows.filter(due_date__isnull=False).values_list("due_date", flat=True)
        of_items = {due_date for _, due_date in self.items if due_date}
        return of_items | {due_date for due_date in of_rows.order_by().distinct() if due_date}

    def count_rows_due_before(self, day: date) -> int:
        """Return how many uploaded rows are due before a day."""
        return self._rows.filter(due_date__lt=day).count() if self.uploaded_rows else 0

    @property
    def item_terms(self) -> str:
        """The default terms of the items by reference, as a batch has them."""
        chosen = Q(pk__in=self._contents.values("content")) | Q(pk__in=self._rows.values("content"))
        items = Content.objects.filter(chosen).exclude(default_terms="").order_by("pk")
        return terms_of_items({item.external_reference: item.default_terms for item in items})

    @property
    def title(self) -> str:
        """The title of the batch: its first item, and how many more there are."""
        uploaded = self._rows.values_list("content", flat=True).order_by().distinct()
        selected = [content.pk for content in self.contents]
        others = Content.objects.filter(pk__in=uploaded).exclude(pk__in=selected)
        contents = [*self.contents, *others.order_by("title", "pk")]
        first, more = str(contents[0]), len(contents) - 1
        return f"{first} and {more} more" if more else first
