"""Form for the columns of an uploaded file: people, content, due dates and the order of dates."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms

from assignments.audit.entries.sentences import counted
from assignments.services.picking.uploads.column_detection import Columns, PeopleCount

ORDERS: Final = (
    ("1", "day first: 03/04/2027 is 3 April"),
    ("0", "month first: 03/04/2027 is 4 March"),
)


def _select() -> forms.Select:
    # HTML forms cannot be nested, so the fields refer to their form by id.
    return forms.Select(attrs={"class": "select", "form": "upload"})


def _people(count: PeopleCount) -> str:
    if not count.people:
        return "nobody whom the LMS knows"
    return (
        f"{counted(count.people, 'person', 'different people')} in "
        f"{counted(count.filled, 'row', 'rows')}, such as {count.example}"
    )


def _is_day_first(choice: str) -> bool:
    return choice == "1"


class ColumnsForm(forms.Form):
    """The columns of a file, by index from 0.

    :param people_counts: for each column the people whom it names, as `PeopleCount`
    """

    person = forms.TypedChoiceField(coerce=int, widget=_select())
    content = forms.TypedChoiceField(coerce=int, required=False, empty_value=None, widget=_select())
    due = forms.TypedChoiceField(coerce=int, required=False, empty_value=None, widget=_select())
    day_first = forms.TypedChoiceField(coerce=_is_day_first, choices=ORDERS, widget=_select())

    def __init__(
        self,
        heading: Sequence[str],
        people_counts: Sequence[tuple[int, int, int, str]],
        **options: Any,  # of `Form`
    ) -> None:
        super().__init__(**options)
        names = [(str(n), name) for n, name in enumerate(heading)]
        names_with_people = [
            (str(n), f"{name}: {_people(PeopleCount(*count))}")
            for n, (name, count) in enumerate(zip(heading, people_counts, strict=True))
        ]
        if self.initial.get("person") == "":
            names_with_people.insert(0, ("", "Choose a column"))
        for field, choices in (
            ("person", names_with_people),
            ("content", [("", "No column: the items picked above"), *names]),
            ("due", [("", "No column: the due date above"), *names]),
        ):
            self.fields[field].choices = choices  # type: ignore[attr-defined]

    def problem(self) -> str:
        """Return why the form is not valid."""
        if not self.data.get("person"):
            return "Choose the column with the people who get the assignments."
        return "Choose columns that the file has."

    def columns(self) -> Columns:
        """Return the chosen columns.

        :raises KeyError: if the form is not valid
        """
        return Columns(**{name: self.cleaned_data[name] for name in self.fields})
