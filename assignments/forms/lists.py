"""Form for a pasted list of people, and for replacing one of its words."""

import re
from typing import Final, override

from django import forms

_USE: Final = re.compile(r"^([0-9]{1,9}):([0-9]{1,18})\Z")


class UnchangedText(forms.Field):
    """Text without any limit or change, unlike that of CharField."""

    @override
    def to_python(self, value: str | None) -> str:
        return value or ""


class SuggestionForm(forms.Form):
    """The row of a file, by its number, and the person who is meant, by key."""

    use = forms.RegexField(regex=_USE)

    def clean_use(self) -> tuple[int, int]:
        """Return the number of the row and the learner's primary key."""
        number, _, learner_pk = self.cleaned_data["use"].partition(":")
        return int(number), int(learner_pk)


class ListForm(forms.Form):
    """The pasted text; and a word to replace, as the word's offset and the person's key."""

    list = UnchangedText(required=False)
    use = UnchangedText(required=False)

    def clean_use(self) -> tuple[int, int] | None:
        """Return the offset of the word and the learner's primary key, or None if invalid."""
        match = _USE.fullmatch(self.cleaned_data["use"])
        return (int(match[1]), int(match[2])) if match else None
