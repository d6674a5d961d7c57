"""Forms of an identifier as it is typed, pasted or stored in a cell, to find whom or what it means.

Mail programs write `Name <mail>`, web pages `mailto:`, spreadsheets `="NW-1"` or `'NW-1`, and a
sentence ends in a full stop. Each form may be the identifier that the LMS knows.
"""

import re
import string
import unicodedata
from collections.abc import Iterable
from typing import Final

from assignments.models.sql.text_cleaning import clean

BRACKETS_AND_QUOTES: Final = (
    "\"'`()[]{}"
    "\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}"
    "\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}\N{DOUBLE LOW-9 QUOTATION MARK}"
    "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}"
)
_FORMULA: Final = re.compile(r'="([^"]*)"')
_NAME_AND_ADDRESS: Final = re.compile(
    r"([^<>]*)< *(?:mailto:)?([^<>\s]+@[^<>\s]+) *>", re.IGNORECASE
)
_LINK: Final = re.compile(r"mailto:([^?\s]+)(?:\?.*)?", re.IGNORECASE)
_ASCII_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def identifier_forms(text: str) -> tuple[str, ...]:
    """Return the text as written, cleaned, and without what programs write around identifiers."""
    if text.isascii() and text.isalnum():
        return (text,)
    cleaned = clean(text)
    return tuple(dict.fromkeys((text.strip(), cleaned, _bare(cleaned))))


def comparable(identifier: str) -> str:
    """Return the form in which two identifiers are the same, whatever their case."""
    return clean(identifier).casefold()


def matching_keys(texts: Iterable[str]) -> set[str]:
    """Return the comparable forms of all texts."""
    return {comparable(form) for text in texts for form in identifier_forms(text)} - {""}


def lower_spellings(texts: Iterable[str]) -> set[str]:
    """Return the spellings under which a database may store what the texts mean, in lower case."""
    forms = {form for text in texts for form in identifier_forms(text)} - {""}
    return {spelling for form in forms for spelling in _lower_spellings(form)}


def _bare(text: str) -> str:
    text = text.rstrip(".")
    if match := _FORMULA.fullmatch(text):
        text = match[1].strip()
    if match := _NAME_AND_ADDRESS.fullmatch(text):
        name, address = match[1].strip(" \"'"), match[2]
        text = address if "@" not in name or name.casefold() == address.casefold() else text
    text = text.strip(BRACKETS_AND_QUOTES)
    if match := _LINK.fullmatch(text):
        text = match[1]
    return text.rstrip(". ")


def _lower_spellings(form: str) -> Iterable[str]:
    # SQLite lowers ASCII letters only, so other letters are looked up in both cases.
    if form.isascii():
        return (form.lower(),)
    return {
        spelling
        for text in (unicodedata.normalize("NFC", form), unicodedata.normalize("NFD", form))
        for spelling in (
            text.lower(),
            text.translate(_ASCII_LOWER),
            text.upper().translate(_ASCII_LOWER),
        )
    }
