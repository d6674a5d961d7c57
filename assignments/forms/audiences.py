"""Forms for audiences, and for excluding people from a draft's selection."""

from django import forms

from assignments.forms.assign import MAX_ID


class AudienceNameForm(forms.Form):
    """The name of an audience, for a filter its URL query string, and what else it keeps."""

    name = forms.CharField(
        max_length=120,
        error_messages={
            "required": "Give the audience a name.",
            "max_length": "Shorten the name to 120 characters.",
        },
    )
    query = forms.CharField(required=False)
    keeps_filter = forms.BooleanField(required=False)
    keeps_fields = forms.BooleanField(required=False)


class AudienceForm(forms.Form):
    """The audience to add to the selection or to exclude from it, by primary key."""

    add = forms.IntegerField(required=False, max_value=MAX_ID)
    leave_out = forms.IntegerField(required=False, max_value=MAX_ID)


class HoldersForm(forms.Form):
    """Whether to exclude everybody who has the content, or only those who completed it."""

    completed = forms.BooleanField(required=False)


class PutBackForm(forms.Form):
    """The bulk change whose excluded people are selected again, by primary key."""

    change = forms.IntegerField(max_value=MAX_ID)
