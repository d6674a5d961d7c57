"""What a manager pastes: a list of people, and what to do with it."""

import re
from typing import Final, override

from django import forms

_USE: Final = re.compile(r"([0-9]{1,9}):([0-9]{1,18})")


class Text(forms.Field):
    """Text as it was pasted, of any length and with any character."""

    @override
    def to_python(self, value: str | None) -> str:
        return value or ""


class ListForm(forms.Form):
    """The pasted text, and which of its words is to be replaced by which person."""

    list = Text(required=False)
    use = Text(required=False)

    def clean_use(self) -> tuple[int, int] | None:
        """Return where the word begins and who is meant, or None."""
        match = _USE.fullmatch(self.cleaned_data["use"])
        return (int(match[1]), int(match[2])) if match else None
