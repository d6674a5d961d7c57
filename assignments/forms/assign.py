"""What a manager fills in on the New assignment page."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, Final, override

from django import forms

from assignments.models.drafts import Status
from assignments.services.planning import due_dates

ID: Final = re.compile(r"[0-9]{1,18}")
ITEM_DUE: Final = "item_due_"
LARGEST_ID: Final = 10**18 - 1
HOLDING: Final = (
    ("has", "Have it"),
    ("completed", "Have completed it"),
    ("none", "Do not have it"),
)
# What the address says to the column that the order is by.
SORTS: Final = {
    "name": "search_text",
    "-name": "-search_text",
    "id": "external_reference",
    "-id": "-external_reference",
}


class IdList(forms.Field):
    """Ids that the page sends for rows; what cannot be one is left out."""

    widget = forms.MultipleHiddenInput

    @override
    def to_python(self, value: Sequence[str] | None) -> list[int]:
        return [int(entry) for entry in value or [] if ID.fullmatch(entry)]


class DueField(forms.CharField):
    """A day, as a date or counted from today; empty for no due date.

    :ivar today: the day it is, told by the form
    """

    today: date

    @override
    def clean(self, value: object) -> date | None:
        """Return the day, or None."""
        text = super().clean(value)
        try:
            return due_dates.day(text, today=self.today)
        except due_dates.DueDateRefused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class TermsForm(forms.Form):
    """Due date, status and progress of a draft."""

    due_date = DueField(required=False, max_length=60)
    status = forms.ChoiceField(
        choices=Status,
        error_messages={
            "required": "Choose a status.",
            "invalid_choice": "Choose Pending, In progress or Completed.",
        },
    )
    progress = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=99,
        error_messages={
            "invalid": "Enter how far they are as a whole number, from 0 to 99.",
            "min_value": "Enter how far they are, from 0 to 99 percent.",
            "max_value": "Enter how far they are, from 0 to 99 percent.",
        },
    )

    def __init__(self, data: Any, *, today: date) -> None:
        super().__init__(data)
        _tell(self.fields["due_date"], today)


class ItemDueDatesForm(forms.Form):
    """Due dates of single items: one field each, named `item_due_` and the content's id."""

    def __init__(self, data: Any, *, today: date) -> None:
        super().__init__(data)
        for name in data:
            if ID.fullmatch(name.removeprefix(ITEM_DUE)) and name.startswith(ITEM_DUE):
                self.fields[name] = DueField(required=False, max_length=60)
                _tell(self.fields[name], today)

    def due_dates(self) -> dict[int, date | None]:
        """Return the valid due dates by content id; invalid ones are left out."""
        self.is_valid()
        return {int(name.removeprefix(ITEM_DUE)): day for name, day in self.cleaned_data.items()}


def _tell(field: forms.Field, today: date) -> None:
    if isinstance(field, DueField):
        field.today = today


class PlaceForm(forms.Form):
    """From which row on a long list is shown."""

    after = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    before = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    first = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)

    def terms(self) -> dict[str, Any]:
        """Return the cleaned values; what was not understood counts as not given."""
        self.is_valid()
        return {name: self.cleaned_data.get(name) for name in self.fields}


class PeopleForm(PlaceForm):
    """Which people the table shows, in which order and from which row on."""

    q = forms.CharField(required=False, max_length=200, empty_value="")
    inactive = forms.BooleanField(required=False)
    show = forms.ChoiceField(required=False, choices=[("selected", "selected")])
    has = forms.ChoiceField(required=False, choices=HOLDING)
    sort = forms.ChoiceField(required=False, choices=[(sort, sort) for sort in SORTS])
    by = forms.ChoiceField(required=False, choices=[("paste", "paste"), ("file", "file")])
    field_order = ("q", "inactive", "show", "has", "sort", "by", "after", "before", "first")


class TicksForm(forms.Form):
    """The rows of a page and which of them are ticked."""

    shown = IdList(required=False)
    learner = IdList(required=False)

    def terms(self) -> dict[str, list[int]]:
        """Return the ids, which are never refused."""
        self.is_valid()
        return self.cleaned_data


class ContentForm(forms.Form):
    """The item to add or remove."""

    add = forms.IntegerField(required=False, max_value=LARGEST_ID)
    remove = forms.IntegerField(required=False, max_value=LARGEST_ID)
