"""What a manager fills in about an audience, and what leaves people out of a draft."""

from django import forms

from assignments.forms.assign import LARGEST_ID


class NameForm(forms.Form):
    """The name of an audience, and the filter that it is to keep, if it keeps one."""

    name = forms.CharField(
        max_length=120,
        error_messages={
            "required": "Give the audience a name.",
            "max_length": "Shorten the name to 120 characters.",
        },
    )
    query = forms.CharField(
        required=False,
        max_length=2000,
        error_messages={"max_length": "This filter is too long to keep. Take a condition away."},
    )
    keeps_filter = forms.BooleanField(required=False)


class AudienceForm(forms.Form):
    """The audience to add to the selection or to leave out of it."""

    add = forms.IntegerField(required=False, max_value=LARGEST_ID)
    leave_out = forms.IntegerField(required=False, max_value=LARGEST_ID)


class HoldersForm(forms.Form):
    """Whether who has the content is left out, or only who has completed it."""

    completed = forms.BooleanField(required=False)


class ChangeForm(forms.Form):
    """The change whose people are put back."""

    change = forms.IntegerField(max_value=LARGEST_ID)
