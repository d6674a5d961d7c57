"""Split pasted text into words that may each identify a person; no I/O."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from assignments.models.sql.text_cleaning import remove_invisible
from assignments.services.picking.identifier_forms import BRACKETS_AND_QUOTES

# A display name before an address in angle brackets, as mail programs write it, belongs to that
# address. It has no digits, so that an employee ID before it stays a separate word; and a comma
# only inside quotation marks, or if the list is separated by semicolons.
_ADDRESS: Final = r" {0,5}<[ ]{0,5}(?:mailto:)?([^<>\s]{1,400}@[^<>\s]{0,400}) {0,5}>"
_QUOTED: Final = r"[^\"<>\n]{0,120}\""
_NAME_AND_ADDRESS: Final = re.compile(rf"(?:{_QUOTED}|(?:[^\W\d_]|[ .'’()-]){{0,120}}){_ADDRESS}")
_LAST_NAME_FIRST: Final = re.compile(rf"(?:{_QUOTED}|(?:[^\W\d_]|[ .,'’()-]){{0,120}}){_ADDRESS}")
_LONGEST_NAME: Final = 130
# Commas, semicolons, bars, brackets and quotation marks of full width and of other scripts.
_SEPARATORS: Final = str.maketrans(
    "\uff0c\uff1b\uff5c\uff1c\uff1e\uff02\u3001\uff64\u060c\u061b\ufe50\ufe54", ',;|<>",,,;,;'
)
# What is left of a formula such as ="NW-1", and of a sentence that ends in an address.
_REMAINDERS: Final = "=."
_WORD: Final = re.compile(r"[^\s,;|<>\"\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a list: its line, counted from 1, and its offsets in the normalised text."""

    text: str
    line: int
    start: int
    end: int


def normalise(text: str) -> str:
    """Return the visible text, with line feeds and separators of ASCII only."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # A tab at the start is an empty cell.
    return remove_invisible(text).translate(_SEPARATORS).rstrip().lstrip(" \n")


def tokenise(text: str, *, limit: int) -> list[Token]:
    """Return the first words of a normalised text, at most `limit`.

    Brackets and quotation marks around a word are dropped, and so is a name before an address.
    """
    tokens: list[Token] = []
    name_and_address = _LAST_NAME_FIRST if ";" in text else _NAME_AND_ADDRESS
    line, counted_to = 1, 0
    for match in _matches(text, name_and_address):
        group = match.lastindex or 0
        line += text.count("\n", counted_to, match.start(group))
        counted_to = match.start(group)
        word = match[group].removeprefix("mailto:").strip(BRACKETS_AND_QUOTES)
        if word.strip(_REMAINDERS):
            start = match.start(group) + match[group].index(word)
            tokens.append(Token(word, line, start, start + len(word)))
        if len(tokens) >= limit:
            break
    return tokens


def replace_token(text: str, token: Token, word: str) -> str:
    """Return the text with the token replaced by another word."""
    return f"{text[: token.start]}{word}{text[token.end :]}"


def _matches(text: str, name_and_address: re.Pattern[str]) -> Iterator[re.Match[str]]:
    position, bracket = 0, text.find("<")
    while match := _WORD.search(text, position):
        if -1 < bracket < match.start():
            bracket = text.find("<", match.start())
        if -1 < bracket <= match.start() + _LONGEST_NAME:
            match = name_and_address.match(text, match.start()) or match
        yield match
        position = match.end()
