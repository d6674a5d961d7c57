"""Redaction: texts from outside, such as error messages of an LMS, without a person's name.

The hashed body of a log entry can never be changed, so names must be removed before it is written.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from assignments.audit.entries.actors import Person
from assignments.models import Learner

PERSON: Final = "[the person]"
# Shorter names occur in many texts that mean somebody or something else.
MIN_LENGTH: Final = 4
MIN_DIGITS: Final = 6


def logged_person(learner: Learner) -> Person:
    """Return a learner as a log entry refers to them: by commitments to their names."""
    return Person(
        ref=f"learner/{learner.pk}",
        name=learner.name,
        email=learner.email,
        reference=learner.external_reference,
    )


def names_of(learner: Learner) -> tuple[str, ...]:
    """Return the texts that identify a learner."""
    return (learner.name, learner.email, learner.external_reference)


# JSON, of any depth.
def redact_names(value: Any, names: Iterable[str], *, replacement: str = PERSON) -> Any:
    """Return a text, or JSON, with each of the names replaced in every text.

    Names are replaced as whole words, in upper or lower case.
    """
    return _map_texts(value, name_redactor(names, replacement=replacement))


def name_redactor(names: Iterable[str], *, replacement: str = PERSON) -> Callable[[str], str]:
    """Return a function that replaces the names in a text, for use on many texts."""
    folded_names = [(name.casefold(), name) for name in redactable_spellings(names)]

    def redact(text: str) -> str:
        folded_text = text.casefold()
        contained = [name for folded, name in folded_names if folded in folded_text]
        if not contained:
            return text
        longest_first = sorted(contained, key=len, reverse=True)
        pattern = "|".join(map(re.escape, longest_first))
        words = rf"(?<!\w)(?:{pattern})(?!\w)"
        return re.sub(words, lambda _: replacement, text, flags=re.IGNORECASE)

    return redact


def _map_texts(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _map_texts(part, change) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_map_texts(part, change) for part in value]
    return value


def redactable_spellings(names: Iterable[str]) -> Iterator[str]:
    """Yield the names that are long enough to be redacted, also escaped as in JSON."""
    for name in names:
        if len(name) < (MIN_DIGITS if name.isdecimal() else MIN_LENGTH):
            continue
        yield name
        for escaped in {json.dumps(name)[1:-1], json.dumps(name, ensure_ascii=False)[1:-1]}:
            if escaped != name:
                yield escaped
