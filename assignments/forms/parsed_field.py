"""A form field whose text a function of `services.planning.term_parsing` parses."""

from collections.abc import Callable
from typing import override

from django import forms

from assignments.services.planning.term_parsing import TermRefused


class ParsedField(forms.CharField):
    """A text that a function of `term_parsing` turns into the value of a term."""

    def __init__(self, parse: Callable[[str], object], label: str = "") -> None:
        super().__init__(required=False, strip=False, label=label)
        self._parse = parse

    @override
    def clean(self, value: object) -> object:
        """Return the value of the term."""
        text = super().clean(value)
        try:
            return self._parse(text)
        except TermRefused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
