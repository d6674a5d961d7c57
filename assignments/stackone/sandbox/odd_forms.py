"""Write JSON values in the odd forms of real providers, to test that clients can read them."""

import json

from starlette.responses import JSONResponse


class OddJSONResponse(JSONResponse):
    """JSON with numbers and booleans as strings, and blank lines before it."""

    def render(self, content: object) -> bytes:
        """Serialise the content in odd forms."""
        return b"\n\n" + json.dumps(to_odd_forms(content), ensure_ascii=False).encode()


def to_odd_forms(value: object) -> object:
    """Rewrite a body in the forms of the oddest providers."""
    if isinstance(value, list):
        return [to_odd_forms(entry) for entry in value]
    if isinstance(value, dict):
        return {name: _odd_field(name, entry) for name, entry in value.items()}
    return value


def _odd_field(name: str, value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if name in ("progress", "total") and value is not None:
        return str(value)
    if name == "status" and isinstance(value, dict):
        word = value["value"]
        return {"value": word and word.replace("_", "-"), "source_value": len(word or "")}
    return to_odd_forms(value)
