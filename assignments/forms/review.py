"""Forms of the Review page: the plan, its reason and the start time."""

from datetime import datetime
from typing import override

from django import forms

from assignments.services.submitting import start_time


class StartField(forms.CharField):
    """A date and time in the organisation's time zone."""

    @override
    def clean(self, value: object) -> datetime | None:
        """Return the time, or None if it is empty."""
        text = super().clean(value)
        try:
            return start_time.parse_start(text) if text else None
        except start_time.StartRefused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class StartForm(forms.Form):
    """The start time of a batch; empty to start after the grace period."""

    starts_at = StartField(required=False, max_length=30)


class ReviewForm(StartForm):
    """The digest of the plan that was shown, the reason, the start time, and confirmations."""

    plan_digest = forms.CharField(
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
