"""Forms for actions on a batch, and for the decision about its approval."""

from django import forms


class BatchActionForm(forms.Form):
    """The reason for an action on a batch, and the group of failed rows it is limited to.

    A group is identified by the status and the problem of the LMS's response.
    """

    why = forms.CharField(
        required=False,
        max_length=500,
        error_messages={"max_length": "Shorten the reason to 500 characters."},
    )
    is_group = forms.BooleanField(required=False)
    status = forms.IntegerField(required=False)
    problem = forms.CharField(required=False, max_length=500, strip=False)


class DecisionForm(forms.Form):
    """The decision about a plan, the digest of the plan that was shown, and the reason."""

    decision = forms.ChoiceField(
        choices=[("approve", "Approve"), ("reject", "Reject")],
        error_messages={
            "required": "Press Approve or Reject.",
            "invalid_choice": "Press Approve or Reject.",
        },
    )
    plan_digest = forms.CharField(
        max_length=64,
        error_messages={
            "required": "This is not the plan that you looked at. Look at it again.",
            "max_length": "This is not the plan that you looked at. Look at it again.",
        },
    )
    why = forms.CharField(
        required=False,
        max_length=500,
        error_messages={"max_length": "Shorten the reason to 500 characters."},
    )
