"""How pages look for one person."""

from django import forms


class DisplayForm(forms.Form):
    """Theme and density."""

    theme = forms.ChoiceField(
        choices=[("system", "As the system"), ("light", "Light"), ("dark", "Dark")]
    )
    density = forms.ChoiceField(choices=[("roomy", "Roomy"), ("compact", "Compact")])
