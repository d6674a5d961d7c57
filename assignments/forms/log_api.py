"""Form for the paging parameters of the log API."""

from typing import Final

from django import forms

from assignments.audit.search.api_results import MAX_LIMIT
from assignments.audit.search.date_ranges import MAX_DIGITS

DEFAULT_LIMIT: Final = 50


class PageForm(forms.Form):
    """A page of entries: at most `limit`, newest first, with numbers below `before`."""

    limit = forms.IntegerField(min_value=1, max_value=MAX_LIMIT, required=False)
    before = forms.IntegerField(min_value=0, max_value=10**MAX_DIGITS - 1, required=False)

    def limit_or_default(self) -> int:
        """Return the largest number of entries to respond with."""
        limit: int | None = self.cleaned_data["limit"]
        return DEFAULT_LIMIT if limit is None else limit

    def problems(self, prefix: str = "") -> str:
        """Return the first error of each parameter, after its name."""
        return " ".join(f"{prefix}{name}: {errors[0]}" for name, errors in self.errors.items())
