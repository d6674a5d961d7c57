"""What a search finds an entry by: words in clear, without accents and capitals."""

import unicodedata
from collections.abc import Mapping
from typing import Final

# Letters that no normal form takes apart.
_ALIKE: Final = str.maketrans(
    {"\N{LATIN SMALL LETTER DOTLESS I}": "i", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe"}
)
_SAID: Final = ("title", "reference", "remote_id", "reason", "problem", "because")


def folded(text: str) -> str:
    """Return the text as searches compare it: without accents and capitals."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in apart if not unicodedata.combining(c)).translate(_ALIKE)


def search_text(detail: Mapping[str, object]) -> str:
    """Return the words of an entry's detail that people search for, folded."""
    content = detail.get("content")
    parts = [detail, content] if isinstance(content, Mapping) else [detail]
    found = (part.get(name) for part in parts for name in _SAID)
    return folded("\n".join(text for text in found if isinstance(text, str) and text))
