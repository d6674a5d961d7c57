"""Forms for erasure, legal holds and retention."""

from typing import Final

from django import forms

from assignments.models.retention import MAX_MONTHS, MIN_MONTHS

_MONTHS_ERROR: Final = (
    f"Give {MIN_MONTHS} to {MAX_MONTHS} months, or leave it empty to keep them for ever."
)


class ReasonForm(forms.Form):
    """A reason, which stays in the audit log."""

    reason = forms.CharField(
        max_length=500, error_messages={"required": "Give a reason. It stays in the log."}
    )


class EraseForm(ReasonForm):
    """A reason, and the confirmation that erasure cannot be undone."""

    understood = forms.BooleanField(
        error_messages={"required": "Confirm that this cannot be undone."}
    )


class RetentionForm(forms.Form):
    """The retention of an account's log entries in months; empty for no limit."""

    account = forms.CharField(max_length=200, required=False, strip=False)
    months = forms.IntegerField(
        min_value=MIN_MONTHS,
        max_value=MAX_MONTHS,
        required=False,
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), _MONTHS_ERROR),
    )
