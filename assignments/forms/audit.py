"""What an auditor asks of the log."""

from django import forms

from assignments.audit.search import Search
from assignments.audit.sentences import SENTENCES, action_words
from assignments.queries import log


def actions() -> list[tuple[str, str]]:
    """Return every action with its words, in the order of the words."""
    return sorted(((action, action_words(action)) for action in SENTENCES), key=lambda a: a[1])


class SearchForm(forms.Form):
    """The filters of the audit log; each may be empty."""

    text = forms.CharField(required=False, max_length=200)
    by = forms.ChoiceField(required=False)
    action = forms.ChoiceField(required=False)
    batch = forms.CharField(required=False, max_length=20)
    subject = forms.CharField(required=False, max_length=60)
    person = forms.CharField(required=False, max_length=60)
    since = forms.DateField(
        required=False, error_messages={"invalid": "Enter the first day as 2026-11-23."}
    )
    until = forms.DateField(
        required=False, error_messages={"invalid": "Enter the last day as 2026-11-23."}
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they come
        self.fields["by"].choices = [("", "Anyone"), *log.actors()]  # type: ignore[attr-defined]
        self.fields["action"].choices = [("", "Any action"), *actions()]  # type: ignore[attr-defined]

    def search(self) -> Search:
        """Return the search; what was not understood is left out and said beside its field."""
        self.is_valid()
        return Search(**{name: value for name, value in self.cleaned_data.items() if value})
