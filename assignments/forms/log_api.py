"""What a program asks of the log besides the query: how many entries, and before which."""

from typing import Final

from django import forms

from assignments.audit.search.api_results import MAX_LIMIT
from assignments.audit.search.date_ranges import MAX_DIGITS

USUAL: Final = 50


class PageForm(forms.Form):
    """The two numbers of a page of entries; left out they mean the newest fifty."""

    limit = forms.IntegerField(min_value=1, max_value=MAX_LIMIT, required=False)
    before = forms.IntegerField(min_value=0, max_value=10**MAX_DIGITS - 1, required=False)

    def limit_or_usual(self) -> int:
        """Return how many entries to answer with."""
        limit: int | None = self.cleaned_data["limit"]
        return USUAL if limit is None else limit

    def problems(self, prefix: str = "") -> str:
        """Return what is wrong with each number, after its name."""
        return " ".join(f"{prefix}{name}: {said[0]}" for name, said in self.errors.items())
