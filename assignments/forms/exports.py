"""Forms for exports of the audit log: the format, or the size and seed of a sample."""

import secrets
from typing import Final

from django import forms
from django.core.validators import RegexValidator

from assignments.audit.export.formats import FORMATS
from assignments.audit.export.sampling import MAX_SIZE
from assignments.services.exporting.dossiers import Sample

LABELS: Final = {
    "csv": "CSV for a spreadsheet",
    "xlsx": "Excel workbook",
    "jsonl": "JSON Lines, verifiable",
    "pack": "Evidence pack (ZIP)",
}
SEED_ERROR: Final = "Use 1 to 64 letters, digits, dots, hyphens or underscores."
SIZE_ERROR: Final = f"Choose a size from 1 to {MAX_SIZE}."


class ExportForm(forms.Form):
    """The format of an export."""

    format = forms.ChoiceField(
        choices=[(name, LABELS[name]) for name in FORMATS],
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose a format."),
    )


class SampleForm(forms.Form):
    """The size of a sample, and the seed from which its rows are drawn."""

    size = forms.IntegerField(
        min_value=1,
        max_value=MAX_SIZE,
        initial=25,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), SIZE_ERROR),
        widget=forms.NumberInput(attrs={"class": "input"}),
    )
    seed = forms.CharField(
        max_length=64,
        initial=lambda: secrets.token_hex(6),
        validators=[RegexValidator(r"\A[A-Za-z0-9._-]+\Z", SEED_ERROR)],
        error_messages=dict.fromkeys(("required", "max_length"), SEED_ERROR),
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )

    def sample(self) -> Sample:
        """Return the sample to draw."""
        return Sample(self.cleaned_data["size"], self.cleaned_data["seed"])
