"""What a search finds an entry by: words in clear, without accents and capitals."""

from collections.abc import Mapping
from typing import Final

from assignments.models.sql.text_folding import fold

_SAID: Final = ("title", "reference", "remote_id", "reason", "problem")


def search_text(detail: Mapping[str, object]) -> str:
    """Return the words of an entry's detail that people search for, folded."""
    content = detail.get("content")
    parts = [detail, content] if isinstance(content, Mapping) else [detail]
    found = [part[name] for part in parts for name in _SAID if name in part]
    return fold("\n".join([text for text in found if isinstance(text, str) and text]))
