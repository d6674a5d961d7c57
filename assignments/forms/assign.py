"""Forms of the New assignment page: terms, due dates of items, the people table, content."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, override

from django import forms

from assignments.forms.parsed_field import ParsedField
from assignments.models.terms import TERM_LABELS, Status
from assignments.services.planning import due_dates, term_parsing
from assignments.services.planning.local_time import FIRST_YEAR, LAST_YEAR

ID: Final = re.compile(r"[0-9]{1,18}")
ITEM_DUE: Final = "item_due_"
MAX_ID: Final = 10**18 - 1
HOLDER_FILTERS: Final = (
    ("has", "Have it"),
    ("completed", "Have completed it"),
    ("none", "Do not have it"),
)
# Column by value of the query parameter `sort`.
SORT_COLUMNS: Final = {
    "name": "search_text",
    "-name": "-search_text",
    "id": "external_reference",
    "-id": "-external_reference",
}


class IdList(forms.Field):
    """Primary keys of rows on the page; invalid ones are ignored."""

    widget = forms.MultipleHiddenInput

    @override
    def to_python(self, value: Sequence[str] | None) -> list[int]:
        return [int(entry) for entry in value or [] if ID.fullmatch(entry)]


class DueDateField(forms.CharField):
    """A due date, as a date or relative to today ("in 30 days"); None if it is empty.

    :ivar today: the current day in the organisation's time zone, set by the form
    """

    today: date

    @override
    def clean(self, value: object) -> date | None:
        """Return the due date, or None."""
        text = super().clean(value)
        try:
            return due_dates.parse_due_date(text, today=self.today)
        except due_dates.DueDateRefused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class MoreFieldsForm(forms.Form):
    """The terms that few need, of a draft or as defaults."""

    progress = ParsedField(term_parsing.parse_progress, label=TERM_LABELS["progress"])
    assigned_at = ParsedField(term_parsing.parse_assigned_at, label=TERM_LABELS["assigned_at"])
    external_reference = ParsedField(
        term_parsing.parse_reference, label=TERM_LABELS["external_reference"]
    )
    source_status = ParsedField(
        term_parsing.parse_source_status, label=TERM_LABELS["source_status"]
    )
    passthrough = ParsedField(term_parsing.parse_passthrough, label=TERM_LABELS["passthrough"])


class TermsForm(MoreFieldsForm):
    """The terms of a draft: due date, status, and more fields that few need."""

    field_order = ("due_date", "due_time", "status")
    due_date = DueDateField(required=False, max_length=60)
    due_time = ParsedField(term_parsing.parse_due_time)
    status = forms.ChoiceField(
        choices=Status,
        error_messages={
            "required": "Choose a status.",
            "invalid_choice": "Choose Pending, In progress or Completed.",
        },
    )

    def __init__(self, data: Mapping[str, str], *, today: date) -> None:
        super().__init__(data)
        _set_today(self.fields["due_date"], today)


class ItemDueDatesForm(forms.Form):
    """Due dates of single items: one field each, named `item_due_` and the content's id."""

    def __init__(self, data: Mapping[str, str], *, today: date) -> None:
        super().__init__(data)
        for name in data:
            if ID.fullmatch(name.removeprefix(ITEM_DUE)) and name.startswith(ITEM_DUE):
                self.fields[name] = DueDateField(required=False, max_length=60)
                _set_today(self.fields[name], today)

    def due_dates(self) -> dict[int, date | None]:
        """Return the valid due dates by content id; invalid ones are left out."""
        self.is_valid()
        return {int(name.removeprefix(ITEM_DUE)): day for name, day in self.cleaned_data.items()}


def _set_today(field: forms.Field, today: date) -> None:
    if isinstance(field, DueDateField):
        field.today = today


def _in_range(day: date) -> None:
    if not FIRST_YEAR <= day.year < LAST_YEAR:
        raise forms.ValidationError("Choose a year of this century or the last.")


class PositionForm(forms.Form):
    """The position in a long list: the primary key that a page begins after, before or at."""

    after = forms.IntegerField(required=False, min_value=1, max_value=MAX_ID)
    before = forms.IntegerField(required=False, min_value=1, max_value=MAX_ID)
    first = forms.IntegerField(required=False, min_value=1, max_value=MAX_ID)

    def values(self) -> dict[str, Any]:  # as `cleaned_data`, which has no types
        """Return the cleaned values; None for those that are invalid."""
        self.is_valid()
        return {name: self.cleaned_data.get(name) for name in self.fields}


class PeopleForm(PositionForm):
    """Filters, order and position of the people table."""

    q = forms.CharField(required=False, max_length=200, empty_value="")
    inactive = forms.BooleanField(required=False)
    show = forms.ChoiceField(required=False, choices=[("selected", "selected")])
    has = forms.ChoiceField(required=False, choices=HOLDER_FILTERS)
    due_before = forms.DateField(required=False, input_formats=["%Y-%m-%d"], validators=[_in_range])
    account = forms.IntegerField(required=False, min_value=1, max_value=MAX_ID)
    sort = forms.ChoiceField(required=False, choices=[(sort, sort) for sort in SORT_COLUMNS])
    by = forms.ChoiceField(required=False, choices=[("paste", "paste"), ("file", "file")])
    field_order = (
        *("q", "inactive", "show", "has", "due_before", "account", "sort", "by"),
        *("after", "before", "first"),
    )


class TicksForm(forms.Form):
    """The people on a page, and those whose checkbox is ticked."""

    shown = IdList(required=False)
    learner = IdList(required=False)

    def values(self) -> dict[str, list[int]]:
        """Return the primary keys; the form is always valid."""
        self.is_valid()
        return self.cleaned_data


class ContentForm(forms.Form):
    """The content to add or remove, by primary key."""

    add = forms.IntegerField(required=False, max_value=MAX_ID)
    remove = forms.IntegerField(required=False, max_value=MAX_ID)


class NewDraftForm(TicksForm):
    """What a new draft begins with: an account, people or an item, and the draft it replaces."""

    account = forms.IntegerField(required=False, max_value=MAX_ID)
    add = forms.IntegerField(required=False, max_value=MAX_ID)
    instead_of = forms.UUIDField(required=False)

    @override
    def values(self) -> dict[str, Any]:
        """Return the cleaned values; None, or no people, for those that are invalid."""
        self.is_valid()
        return {name: self.cleaned_data.get(name) for name in self.fields}
