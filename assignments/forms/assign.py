"""What a manager fills in on the New assignment page."""

import re
from collections.abc import Sequence
from typing import Any, Final, override

from django import forms

from assignments.models.drafts import Status

ID: Final = re.compile(r"[0-9]{1,18}")
LARGEST_ID: Final = 10**18 - 1


class IdList(forms.Field):
    """Ids that the page sends for rows; what cannot be one is left out."""

    widget = forms.MultipleHiddenInput

    @override
    def to_python(self, value: Sequence[str] | None) -> list[int]:
        return [int(entry) for entry in value or [] if ID.fullmatch(entry)]


class TermsForm(forms.Form):
    """Due date, status and progress of a draft."""

    due_date = forms.DateField(
        required=False,
        error_messages={"invalid": "Enter the due date as a day, such as 2027-01-15."},
    )
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


class PeopleForm(forms.Form):
    """Which people the table shows."""

    q = forms.CharField(required=False, max_length=200, empty_value="")
    inactive = forms.BooleanField(required=False)
    show = forms.ChoiceField(required=False, choices=[("selected", "selected")])
    page = forms.IntegerField(required=False, min_value=1)

    def terms(self) -> dict[str, Any]:
        """Return the cleaned values; what was not understood counts as not given."""
        self.is_valid()
        return {name: self.cleaned_data.get(name) for name in self.fields}


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
