"""Form for the columns of an uploaded file: people, content, due dates and the order of dates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms

from assignments.audit.entries.sentences import counted
from assignments.forms.assign import MAX_ID, MoreFieldsForm
from assignments.services.picking.uploads import chosen_columns, date_order, used_files
from assignments.services.picking.uploads.column_detection import Columns, PeopleCount
from assignments.services.picking.uploads.column_headings import heading_note
from assignments.services.picking.uploads.date_order import OrderEvidence
from assignments.services.planning import own_terms
from assignments.services.planning.due_dates import DateOrder

if TYPE_CHECKING:
    from assignments.models import DraftUpload

COLUMN_FIELDS: Final = ("person", "content", "due", "dates", *own_terms.NAMES)
NO_COLUMN: Final = "none"
MOST_SHOWN: Final = 8
ORDERS: Final = (
    (DateOrder.DAY_FIRST.value, "Day first: 03/04/2027 is 3 April"),
    (DateOrder.MONTH_FIRST.value, "Month first: 03/04/2027 is 4 March"),
)
MISSING: Final = {
    "person": "Choose the column with the people who get the assignments.",
    "content": "Choose the column with the content, or that there is none.",
    "due": "Choose the column with the due dates, or that there is none.",
}


def _column(choice: str) -> int | None:
    return None if choice == NO_COLUMN else int(choice)


def _select() -> forms.Select:
    # HTML forms cannot be nested, so the fields refer to their form by id.
    return forms.Select(attrs={"class": "select", "form": "upload"})


def _column_field(*, required: bool = True) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        coerce=_column, required=required, empty_value=None, widget=_select()
    )


def _people(count: PeopleCount) -> str:
    if not count.people:
        return "nobody whom the LMS knows"
    return (
        f"{counted(count.people, 'person', 'different people')} in "
        f"{counted(count.filled, 'row', 'rows')}, such as {count.example}"
    )


class UsedFileForm(forms.Form):
    """A file that was used in the draft, by primary key."""

    used = forms.IntegerField(min_value=1, max_value=MAX_ID)


class ColumnsForm(forms.Form):
    """The columns of a file, by index from 0: the detected ones are selected.

    :ivar several: headings between which a person has to choose, by field
    """

    person = _column_field()
    content = _column_field(required=False)
    due = _column_field(required=False)
    dates = forms.ChoiceField(required=False, widget=_select())
    replaces = forms.TypedChoiceField(
        coerce=int, required=False, empty_value=None, widget=_select()
    )
    progress = _column_field(required=False)
    assigned_at = _column_field(required=False)
    external_reference = _column_field(required=False)
    source_status = _column_field(required=False)
    passthrough = _column_field(required=False)

    def __init__(self, upload: DraftUpload, **options: Any) -> None:  # of `Form`
        super().__init__(**options)
        self._upload = upload
        self._counts = [PeopleCount(*count) for count in upload.people_counts]
        self.several = {
            name: [upload.heading[n] for n in columns]
            for name, columns in upload.candidates.items()
            if len(columns) > 1
        }
        names = [(str(n), name) for n, name in enumerate(upload.heading)]
        names_with_people = [
            (n, f"{name}: {_people(count)}")
            for (n, name), count in zip(names, self._counts, strict=True)
        ]
        self._offer("person", names_with_people)
        self._offer("content", [(NO_COLUMN, "No column: the items picked above"), *names])
        self._offer("due", [(NO_COLUMN, "No column: the due date above"), *names])
        self._offer_replacement()
        remembered = chosen_columns.remembered(upload.draft, upload.heading)
        for name in own_terms.NAMES:
            self.fields[name].choices = [(NO_COLUMN, "No column"), *names]  # type: ignore[attr-defined]
            self.fields[name].label = MoreFieldsForm.base_fields[name].label
            self.fields[name].initial = remembered and getattr(remembered, name)
        first = "Choose an order" if self.date_contradiction else "As the column shows"
        self.fields["dates"].choices = [("", first), *ORDERS]  # type: ignore[attr-defined]

    @property
    def term_fields(self) -> list[forms.BoundField]:
        """The fields for columns with terms of single rows, which few files have."""
        return [self[name] for name in own_terms.NAMES]

    @property
    def has_term_columns(self) -> bool:
        """Whether a column with terms is selected."""
        return any(field.value() not in {None, NO_COLUMN} for field in self.term_fields)

    @property
    def is_remembered(self) -> bool:
        """Whether columns were chosen before in this draft for a file with this heading."""
        draft, heading = self._upload.draft, self._upload.heading
        return chosen_columns.remembered(draft, heading) is not None

    @property
    def heading_notes(self) -> list[str]:
        """Sentences about headings that may be the first person of a file without a heading."""
        row, heading = self._upload.heading_row, self._upload.heading
        notes = [heading_note(row, heading[n]) for n in self._upload.candidates["person"]]
        return list(filter(None, notes))

    @property
    def date_contradiction(self) -> str:
        """A sentence if the proposed column of due dates contradicts itself, or ""."""
        return date_order.contradiction(self._due_heading, self._date_order)

    @property
    def date_assumption(self) -> str:
        """A sentence if the organisation's habit decides how its dates are read, or ""."""
        return date_order.assumption(self._due_heading, self._date_order)

    @property
    def preview(self) -> list[list[str]]:
        """The heading and the first rows, with a few columns: those first that may be chosen."""
        # PostgreSQL stores the names of a JSON object in an order of its own.
        by_name = self._upload.candidates
        candidates = [n for name in ("person", "content", "due") for n in by_name[name]]
        naming = [n for n, count in enumerate(self._counts) if count.people]
        order = list(dict.fromkeys([*candidates, *naming, *range(len(self._counts))]))
        return [
            [row[n] if n < len(row) else "" for n in order[:MOST_SHOWN]]
            for row in (self._upload.heading, *self._upload.preview)
        ]

    @property
    def hidden_count(self) -> int:
        """The number of columns that the preview does not show."""
        return max(0, len(self._counts) - MOST_SHOWN)

    def problem(self) -> str:
        """Return why the form is not valid."""
        if "replaces" in self.errors:
            return "This file is not in the draft any more. Choose again."
        empty = [name for name in self.errors if name in MISSING and not self.data.get(name)]
        return MISSING[empty[0]] if empty else "Choose columns that the file has."

    def columns(self) -> Columns:
        """Return the chosen columns.

        :raises KeyError: if the form is not valid
        """
        return Columns(**{name: self.cleaned_data[name] for name in COLUMN_FIELDS})

    @property
    def _date_order(self) -> OrderEvidence:
        return OrderEvidence(*self._upload.date_order)

    @property
    def _due_heading(self) -> str:
        due = self._upload.candidates["due"]
        return self._upload.heading[due[0]] if due else ""

    def _offer_replacement(self) -> None:
        """Offer to replace a file of the draft; one of the same name is selected.

        The file of refused rows completes the one that they came from, whatever its name is.
        """
        files = used_files.files_of(self._upload.draft)
        choices = [
            (file.pk, f"Take out {counted(file.row_count, 'row', 'rows')} of {file} first")
            for file in files
        ]
        field = self.fields["replaces"]
        field.choices = [("", "Add it to what is there"), *choices]  # type: ignore[attr-defined]
        same = [file.pk for file in files if file.name == self._upload.name]
        field.initial = same[0] if same and not self._upload.is_repaired else ""

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        """Set the choices of a field, with the only candidate selected."""
        field, candidates = self.fields[name], self._upload.candidates[name]
        if len(candidates) == 1:
            field.initial = candidates[0]
        elif candidates or field.required:
            field.required = True
            choices = [("", "Choose a column"), *choices]
        field.choices = choices  # type: ignore[attr-defined]
