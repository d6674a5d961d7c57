"""Words of others, such as an LMS's complaint, without the name of the person they are about.

What stands in an entry's hashed body can never be taken out again, so that it must not get in.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

THE_PERSON: Final = "[the person]"
# Shorter ones are found in many a text that means somebody or something else.
SHORTEST: Final = 4
SHORTEST_NUMBER: Final = 6


def without_names(text: str, names: Iterable[str], *, instead: str = THE_PERSON) -> str:
    """Return the text with each of the names replaced, whatever its case, as a whole word."""
    return unnaming(names, instead=instead)(text)


def unnaming(names: Iterable[str], *, instead: str = THE_PERSON) -> Callable[[str], str]:
    """Return what does so with one text after the other."""
    known = [(name.casefold(), name) for name in spellings(names)]

    def unnamed(text: str) -> str:
        looked = text.casefold()
        found = [name for folded, name in known if folded in looked]
        if not found:
            return text
        longest_first = sorted(found, key=len, reverse=True)
        either = "|".join(map(re.escape, longest_first))
        return re.sub(rf"(?<!\w)(?:{either})(?!\w)", lambda _: instead, text, flags=re.IGNORECASE)

    return unnamed


def spellings(names: Iterable[str]) -> Iterator[str]:
    """Yield the names that are long enough to be told from other words, also as JSON has them."""
    for name in names:
        if len(name) < (SHORTEST_NUMBER if name.isdecimal() else SHORTEST):
            continue
        yield name
        if not name.isascii():
            yield json.dumps(name)[1:-1]
