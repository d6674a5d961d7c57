"""How pages look for one person, and which fields filter everybody."""

from collections.abc import Sequence
from typing import Final, override

from django import forms

LONGEST_PATH: Final = 200
LONGEST_LABEL: Final = 60


class DisplayForm(forms.Form):
    """Theme and density."""

    theme = forms.ChoiceField(
        choices=[("system", "As the system"), ("light", "Light"), ("dark", "Dark")]
    )
    density = forms.ChoiceField(choices=[("roomy", "Roomy"), ("compact", "Compact")])


class Texts(forms.Field):
    """Several texts of one name, without NUL, which PostgreSQL refuses."""

    widget = forms.MultipleHiddenInput

    @override
    def to_python(self, value: Sequence[str] | None) -> list[str]:
        return [" ".join(entry.replace("\0", "").split()) for entry in value or []]


class FacetsForm(forms.Form):
    """The fields that filter people, each with its label, in their order."""

    path = Texts(required=False)
    label = Texts(required=False)

    def chosen(self) -> list[tuple[str, str]]:
        """Return the fields with their labels; a field without one is called as it is."""
        self.is_valid()
        rows = zip(self.cleaned_data["path"], self.cleaned_data["label"], strict=False)
        return [
            (path[:LONGEST_PATH], (label or path.rpartition(".")[2])[:LONGEST_LABEL])
            for path, label in rows
            if path
        ]
