"""The odd forms that real providers give values, for clients that must read them."""

import json
from typing import Any

from starlette.responses import JSONResponse


class OddJSONResponse(JSONResponse):
    """JSON with numbers as strings, words for booleans and blank lines before it."""

    def render(self, content: Any) -> bytes:
        """Write the content oddly."""
        return b"\n\n" + json.dumps(oddly(content), ensure_ascii=False).encode()


def oddly(value: Any) -> Any:
    """Rewrite a body the way the oddest providers would."""
    if isinstance(value, list):
        return [oddly(entry) for entry in value]
    if isinstance(value, dict):
        return {name: _odd_field(name, entry) for name, entry in value.items()}
    return value


def _odd_field(name: str, value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if name in ("progress", "total") and value is not None:
        return str(value)
    if name == "status" and isinstance(value, dict):
        word = value["value"]
        return {"value": word and word.replace("_", "-"), "source_value": len(word or "")}
    return oddly(value)
