"""What comes with a button that acts on a batch."""

from django import forms


class ActForm(forms.Form):
    """Why, for the log; and the answer whose rows are meant, if it is not all of them."""

    why = forms.CharField(
        required=False,
        max_length=500,
        error_messages={"max_length": "Shorten the reason to 500 characters."},
    )
    is_group = forms.BooleanField(required=False)
    status = forms.IntegerField(required=False)
    problem = forms.CharField(required=False, max_length=500, strip=False)


class DecisionForm(forms.Form):
    """What is decided about a plan that waits for an approval, the plan that was seen, and why."""

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
