"""Forms for display preferences, and for the custom fields that people are filtered by."""

from collections.abc import Sequence
from typing import Final, override

from django import forms

MAX_PATH_LENGTH: Final = 200
MAX_LABEL_LENGTH: Final = 60


class DisplayForm(forms.Form):
    """Theme and density of pages."""

    theme = forms.ChoiceField(
        choices=[("system", "As the system"), ("light", "Light"), ("dark", "Dark")]
    )
    density = forms.ChoiceField(choices=[("roomy", "Roomy"), ("compact", "Compact")])


class TextList(forms.Field):
    """All values of a repeated field, with single spaces and without NUL (PostgreSQL has none)."""

    widget = forms.MultipleHiddenInput

    @override
    def to_python(self, value: Sequence[str] | None) -> list[str]:
        return [" ".join(entry.replace("\0", "").split()) for entry in value or []]


class FacetsForm(forms.Form):
    """Paths and labels of the facets, in their order."""

    path = TextList(required=False)
    label = TextList(required=False)

    def facets(self) -> list[tuple[str, str]]:
        """Return pairs of path and label; without a label the last part of the path is taken."""
        self.is_valid()
        rows = zip(self.cleaned_data["path"], self.cleaned_data["label"], strict=False)
        return [
            (path[:MAX_PATH_LENGTH], (label or path.rpartition(".")[2])[:MAX_LABEL_LENGTH])
            for path, label in rows
            if path
        ]
