"""Cutting pasted text into the words that may each name a person; no I/O."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# A name stands before an address in angle brackets, as mail programs write it. It has no digits, so
# that an employee id before it stays a word of its own; and a comma only in quotation marks, or
# where semicolons are what separates.
_ADDRESS: Final = r" {0,5}<[ ]{0,5}(?:mailto:)?([^<>\s]{1,400}@[^<>\s]{0,400}) {0,5}>"
_QUOTED: Final = r"[^\"<>\n]{0,120}\""
_NAMED: Final = re.compile(rf"(?:{_QUOTED}|(?:[^\W\d_]|[ .'’()-]){{0,120}}){_ADDRESS}")
_LAST_FIRST: Final = re.compile(rf"(?:{_QUOTED}|(?:[^\W\d_]|[ .,'’()-]){{0,120}}){_ADDRESS}")
_LONGEST_NAME: Final = 130
_WORD: Final = re.compile(r"[^\s,;|<>\"\x00-\x1f\x7f]+")
_AROUND: Final = "'’`()[]{}"
_UNSEEN: Final = dict.fromkeys(map(ord, "\x00\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"))


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a list, the line it stands in, and where in the text it begins and ends."""

    text: str
    line: int
    start: int
    end: int


def normal(text: str) -> str:
    """Return the text as `tokens` counts in it: one kind of line end, nothing that is not seen."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_UNSEEN).strip()


def tokens(text: str, *, most: int) -> list[Token]:
    """Return the first words of a `normal` text, at most so many.

    What is only brackets or quotation marks is no word; a name before an address is part of it.
    """
    found: list[Token] = []
    line, counted, named = 1, 0, _LAST_FIRST if ";" in text else _NAMED
    for match in _matches(text, named):
        group = match.lastindex or 0
        line += text.count("\n", counted, match.start(group))
        counted = match.start(group)
        word = match[group].removeprefix("mailto:").strip(_AROUND)
        if word:
            start = match.start(group) + match[group].index(word)
            found.append(Token(word, line, start, start + len(word)))
        if len(found) >= most:
            break
    return found


def replaced(text: str, token: Token, word: str) -> str:
    """Return the text with another word in the token's place."""
    return f"{text[: token.start]}{word}{text[token.end :]}"


def _matches(text: str, named: re.Pattern[str]) -> Iterator[re.Match[str]]:
    at, bracket = 0, text.find("<")
    while match := _WORD.search(text, at):
        if -1 < bracket < match.start():
            bracket = text.find("<", match.start())
        if -1 < bracket <= match.start() + _LONGEST_NAME:
            match = named.match(text, match.start()) or match
        yield match
        at = match.end()
