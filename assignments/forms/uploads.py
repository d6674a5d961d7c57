"""What a manager says of an uploaded file: which of its columns are what."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms

from assignments.services.picking.uploads.column_detection import Columns

ORDERS: Final = (
    ("1", "day first: 03/04/2027 is 3 April"),
    ("0", "month first: 03/04/2027 is 4 March"),
)


def _select() -> forms.Select:
    # The form it belongs to stands elsewhere on the page: forms cannot stand in one another.
    return forms.Select(attrs={"class": "select", "form": "upload"})


def _is_first(choice: str) -> bool:
    return choice == "1"


class ColumnsForm(forms.Form):
    """The columns of a file, chosen by their place."""

    person = forms.TypedChoiceField(coerce=int, widget=_select())
    content = forms.TypedChoiceField(coerce=int, required=False, empty_value=None, widget=_select())
    due = forms.TypedChoiceField(coerce=int, required=False, empty_value=None, widget=_select())
    day_first = forms.TypedChoiceField(coerce=_is_first, choices=ORDERS, widget=_select())

    def __init__(
        self, heading: Sequence[str], people: Sequence[tuple[int, int]], **options: Any
    ) -> None:
        super().__init__(**options)
        names = [(str(n), name) for n, name in enumerate(heading)]
        rates = [
            (str(n), f"{name}: {found:,} of {filled:,} are people we know")
            for n, (name, (found, filled)) in enumerate(zip(heading, people, strict=True))
        ]
        for field, choices in (
            ("person", rates),
            ("content", [("", "No column: the items picked above"), *names]),
            ("due", [("", "No column: the due date above"), *names]),
        ):
            self.fields[field].choices = choices  # type: ignore[attr-defined]

    def columns(self) -> Columns:
        """Return the columns that were chosen.

        :raises KeyError: if the form is not valid
        """
        return Columns(**{name: self.cleaned_data[name] for name in self.fields})
