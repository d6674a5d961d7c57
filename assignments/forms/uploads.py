"""Form for the columns of an uploaded file: people, content, due dates and the order of dates."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms

from assignments.services.picking.uploads.column_detection import Columns

ORDERS: Final = (
    ("1", "day first: 03/04/2027 is 3 April"),
    ("0", "month first: 03/04/2027 is 4 March"),
)


def _select() -> forms.Select:
    # HTML forms cannot be nested, so the fields refer to their form by id.
    return forms.Select(attrs={"class": "select", "form": "upload"})


def _is_day_first(choice: str) -> bool:
    return choice == "1"


class ColumnsForm(forms.Form):
    """The columns of a file, by index from 0.

    :param people_counts: for each column how many cells identify a person, and how many are filled
    """

    person = forms.TypedChoiceField(coerce=int, widget=_select())
    content = forms.TypedChoiceField(coerce=int, required=False, empty_value=None, widget=_select())
    due = forms.TypedChoiceField(coerce=int, required=False, empty_value=None, widget=_select())
    day_first = forms.TypedChoiceField(coerce=_is_day_first, choices=ORDERS, widget=_select())

    def __init__(
        self,
        heading: Sequence[str],
        people_counts: Sequence[tuple[int, int]],
        **options: Any,  # of `Form`
    ) -> None:
        super().__init__(**options)
        names = [(str(n), name) for n, name in enumerate(heading)]
        names_with_counts = [
            (str(n), f"{name}: {people:,} of {filled:,} are people we know")
            for n, (name, (people, filled)) in enumerate(zip(heading, people_counts, strict=True))
        ]
        for field, choices in (
            ("person", names_with_counts),
            ("content", [("", "No column: the items picked above"), *names]),
            ("due", [("", "No column: the due date above"), *names]),
        ):
            self.fields[field].choices = choices  # type: ignore[attr-defined]

    def columns(self) -> Columns:
        """Return the chosen columns.

        :raises KeyError: if the form is not valid
        """
        return Columns(**{name: self.cleaned_data[name] for name in self.fields})
