"""The terms of a draft as the New assignment page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.utils import timezone

from assignments.forms.assign import TermsForm
from assignments.queries import formatting
from assignments.queries.formatting import indented_json
from assignments.services.planning import due_cautions, due_dates

if TYPE_CHECKING:
    from assignments.models import Draft

STATUSES: Final = (
    ("pending", "Pending"),
    ("in_progress", "In progress"),
    ("completed", "Completed"),
)
# Type of the input and hint of each field that few need, by the name of its term.
MORE_FIELDS: Final = {
    "progress": ("text", "A number from 0 to 100. Empty: it is not sent."),
    "assigned_at": ("datetime-local", "Empty: the LMS sets the time itself. The time of {city}."),
    "external_reference": ("text", "Only for an LMS that reads external_reference of assignments."),
    "source_status": ("text", "Sent beside the status, as its source_value."),
    "passthrough": ("json", "A JSON object that StackOne passes on to the LMS as it is."),
}


@dataclass(frozen=True, slots=True)
class MoreField:
    """An input of the section "More fields"; `kind` is the type of its element."""

    name: str
    label: str
    kind: str
    hint: str
    value: str
    problem: str

    @property
    def descriptions(self) -> str:
        """The ids of the elements that describe the input: its problem, if any, and its hint."""
        return f"e-{self.name} h-{self.name}" if self.problem else f"h-{self.name}"


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
        kind, hint = MORE_FIELDS[name]
        problem = self.problem_of.get(name, "")
        value = self._typed(name) if self.problem_of else self._stored(name)
        hint = hint.format(city=formatting.city())
        return MoreField(name, self.draft.label_of(name), kind, hint, value, problem)

    def _typed(self, name: str) -> str:
        return str(self.terms.data.get(name, "")) if self.terms else self._stored(name)

    def _stored(self, name: str) -> str:
        if name == "progress":
            progress = self.draft.progress_number
            return "" if progress is None else str(progress)
        if name == "assigned_at":
            assigned_at = self.draft.assigned_at
            return formatting.local_input(assigned_at) if assigned_at else ""
        text = str(getattr(self.draft, name))
        return indented_json(text) if name == "passthrough" else text

    @property
    def due_words(self) -> str:
        """The due date in words."""
        return formatting.due(self.draft.due_date, self.draft.due_time)

    @property
    def due_cautions(self) -> list[str]:
        """Warnings about a due date that is probably a mistake."""
        today = due_dates.today(timezone.now())
        return (
            due_cautions.cautions(self.draft.due_date, today=today) if self.draft.due_date else []
        )

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
