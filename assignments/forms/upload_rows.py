"""Form for the rows of an uploaded file: whether hidden ones are used, and which are left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from django import forms

from assignments.services.picking.uploads.row_choice import ANY_VALUE, RowChoice

if TYPE_CHECKING:
    from assignments.models import DraftUpload

LEAVE: Final = "leave"
USE: Final = "use"
_LONGEST_VALUE: Final = 60


class RowsForm(forms.Form):
    """Which rows of a file are left out; nothing chosen leaves out the hidden ones."""

    # HTML forms cannot be nested, so the fields refer to their form by id.
    hidden_rows = forms.ChoiceField(
        required=False,
        choices=((LEAVE, "Leave them out"), (USE, "Use them as well")),
        widget=forms.Select(attrs={"class": "select", "form": "upload"}),
    )
    left_out = forms.MultipleChoiceField(required=False)

    def __init__(self, upload: DraftUpload, **options: Any) -> None:  # of `Form`
        super().__init__(**options)
        self._upload = upload
        choices = [(choice, label) for _, values in self.columns() for choice, label, _ in values]
        self.fields["left_out"].choices = choices  # type: ignore[attr-defined]

    def columns(self) -> Iterator[tuple[str, list[tuple[str, str, int]]]]:
        """Yield the columns to choose by: the heading, and choice, label and rows of each value."""
        for column, counts in self._upload.status_values.items():
            yield (
                self._upload.heading[int(column)],
                [(f"{column}:{value}", _label(value), rows) for value, rows in counts.items()],
            )

    @property
    def chosen(self) -> list[str]:
        """The values that were chosen before the form is shown again."""
        return self["left_out"].value() or []

    def choice(self) -> RowChoice:
        """Return what was chosen.

        :raises KeyError: if the form is not valid
        """
        chosen = [text.partition(":") for text in self.cleaned_data["left_out"]]
        return RowChoice(
            uses_hidden=self.cleaned_data["hidden_rows"] == USE,
            values=frozenset((int(column), value) for column, _, value in chosen),
        )


def _label(value: str) -> str:
    if value == ANY_VALUE:
        return "any value"
    return value[:_LONGEST_VALUE] or "empty"
