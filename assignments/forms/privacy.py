"""Why somebody is erased or held, and that it was understood."""

from django import forms


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
