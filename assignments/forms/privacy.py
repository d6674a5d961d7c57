"""Why somebody is erased or held, and that it was understood."""

from typing import Final

from django import forms

from assignments.models.retention import FEWEST_MONTHS, MOST_MONTHS

_RANGE: Final = f"Give {FEWEST_MONTHS} to {MOST_MONTHS} months, or nothing: then for ever."


class ReasonForm(forms.Form):
    """A reason that stays in the log."""

    reason = forms.CharField(
        max_length=500, error_messages={"required": "Say why. The reason stays in the log."}
    )


class EraseForm(ReasonForm):
    """A reason, and the sign that the person knows that it cannot be undone."""

    understood = forms.BooleanField(
        error_messages={"required": "Confirm that this cannot be undone."}
    )


class RetentionForm(forms.Form):
    """For how many months entries of an account are kept; nothing stands for ever."""

    account = forms.CharField(max_length=200, required=False, strip=False)
    months = forms.IntegerField(
        min_value=FEWEST_MONTHS,
        max_value=MOST_MONTHS,
        required=False,
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), _RANGE),
    )
