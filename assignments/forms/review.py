"""What a manager confirms on the Review page."""

from django import forms


class ReviewForm(forms.Form):
    """The plan that was seen, why, and that completed means completed."""

    plan_sha256 = forms.CharField(
        widget=forms.HiddenInput,
        max_length=64,
        error_messages={"required": "This plan changed since you looked. Review it again."},
    )
    reason = forms.CharField(
        required=False,
        max_length=500,
        error_messages={"max_length": "Shorten the reason to 500 characters."},
    )
    confirms_completed = forms.BooleanField(required=False)
