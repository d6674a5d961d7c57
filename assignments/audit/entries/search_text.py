"""The searchable text of an entry: words of its detail, folded to lower case without accents.

It is stored with the entry and verified against the body, so it is part of the entry's format:
another rule needs another format version.
"""

from collections.abc import Mapping
from typing import Final

from assignments.models.sql.text_folding import fold

_SEARCHABLE: Final = ("title", "reference", "remote_id", "reason", "problem")


def search_text(detail: Mapping[str, object]) -> str:
    """Return the words of an entry's detail that people search for, folded."""
    content = detail.get("content")
    parts = [detail, content] if isinstance(content, Mapping) else [detail]
    values = [part[name] for part in parts for name in _SEARCHABLE if name in part]
    return fold("\n".join([text for text in values if isinstance(text, str) and text]))
