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
