"""Evidence of an audit entry: the stored request and response, redacted for display."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

# JSON, in whose values only their reader knows which type to expect.
type EntryBody = Mapping[str, Any]

HIDDEN: Final = "(hidden)"
# The product never records secrets, but a response of the LMS may contain some.
_SECRET: Final = re.compile(
    r"authori[sz]ation|api[-_]?key|cookie|password|passwd|secret|token|credential", re.IGNORECASE
)


def evidence(body: EntryBody) -> dict[str, str]:
    """Return request and response of an entry as indented JSON, redacted."""
    detail = body.get("detail") or {}
    kept = {name: detail[name] for name in ("request", "response") if detail.get(name)}
    return {
        name: json.dumps(redacted(value), indent=2, ensure_ascii=False)
        for name, value in kept.items()
    }


def redacted(value: object) -> object:
    """Return the JSON value with the values of names hidden that may be secrets."""
    if isinstance(value, Mapping):
        return {
            name: HIDDEN if _SECRET.search(str(name)) and part else redacted(part)
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [redacted(part) for part in value]
    return value
