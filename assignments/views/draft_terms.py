"""The terms of a draft as the New assignment page shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.utils import timezone

from assignments.forms.assign import TermsForm
from assignments.queries import formatting
from assignments.services.planning import due_cautions, due_dates
from assignments.views.more_fields import MORE_FIELDS, MoreField, more_field, text_of

if TYPE_CHECKING:
    from assignments.models import Draft

STATUSES: Final = (
    ("pending", "Pending"),
    ("in_progress", "In progress"),
    ("completed", "Completed"),
)


class TermParts:
    """Due date, status and further terms of a draft's page."""

    draft: Draft
    terms: TermsForm | None
    problem_of: dict[str, str]
    statuses = STATUSES

    @property
    def more_fields(self) -> list[MoreField]:
        """The inputs of the section "More fields"; progress is elsewhere if it is in progress."""
        is_in_progress = self.draft.status == "in_progress"
        names = [name for name in MORE_FIELDS if name != "progress" or not is_in_progress]
        return [self._more_field(name) for name in names]

    @property
    def progress(self) -> MoreField:
        """The input of the progress."""
        return self._more_field("progress")

    @property
    def has_more(self) -> bool:
        """Whether one of the more fields has a value or a problem."""
        return any(field.value or field.problem for field in self.more_fields)

    def _more_field(self, name: str) -> MoreField:
        stored = text_of(name, getattr(self.draft, name))
        refused = self.terms if self.problem_of else None
        text = str(refused.data.get(name, "")) if refused else stored
        return more_field(name, text, self.problem_of.get(name, ""))

    @property
    def due_words(self) -> str:
        """The due date in words."""
        return formatting.due(self.draft.due_date, self.draft.due_time)

    @property
    def due_cautions(self) -> list[str]:
        """Warnings about a due date that is probably a mistake."""
        due_date, due_time = self.draft.due_date, self.draft.due_time
        if due_date is None:
            return []
        return [
            *due_cautions.cautions(due_date, today=due_dates.today(timezone.now())),
            *due_dates.skipped_times([due_date], due_time),
            *due_dates.repeated_times([due_date], due_time),
        ]

    @property
    def short_due(self) -> str:
        """The due date in short form, for the summary sentence, or ""."""
        return formatting.short_day(self.draft.due_date) if self.draft.due_date else ""

    @property
    def due_date_value(self) -> str:
        """The due date in its field: what was sent, if it was refused, else the stored one."""
        if self.problem_of.get("due_date") and self.terms:
            return str(self.terms.data.get("due_date", ""))
        return self.draft.due_date.isoformat() if self.draft.due_date else ""

    @property
    def due_words_value(self) -> str:
        """The refused words in the field of a due date in words."""
        if self.problem_of.get("due_date") and self.terms:
            return str(self.terms.data.get("due_words", ""))
        return ""

    @property
    def has_due_times(self) -> bool:
        """Whether the page asks for a time of day of due dates."""
        return settings.DUE_TIMES or self.draft.due_time is not None

    @property
    def due_time_value(self) -> str:
        """The time of day in its field: what was sent, if it was refused, else the stored one."""
        if self.problem_of.get("due_time") and self.terms:
            return str(self.terms.data.get("due_time", ""))
        return f"{self.draft.due_time:%H:%M}" if self.draft.due_time else ""

    @property
    def today(self) -> str:
        """Today in ISO 8601: the earliest possible due date."""
        return due_dates.today(timezone.now()).isoformat()
