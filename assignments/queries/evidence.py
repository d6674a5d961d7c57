"""The request and the reply that an entry keeps, as they may be shown."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

HIDDEN: Final = "(hidden)"
# No secret is ever recorded by us; what an LMS puts into its answer is not ours to promise.
_SECRET: Final = re.compile(
    r"authori[sz]ation|api[-_]?key|cookie|password|passwd|secret|token|credential", re.IGNORECASE
)


def evidence(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the request and the reply of an entry as readable JSON, without secrets."""
    detail = body.get("detail") or {}
    kept = {name: detail[name] for name in ("request", "reply") if detail.get(name)}
    return {
        name: json.dumps(masked(value), indent=2, ensure_ascii=False)
        for name, value in kept.items()
    }


def masked(value: object) -> object:
    """Return the value with everything hidden whose name sounds like a secret's."""
    if isinstance(value, Mapping):
        return {
            name: HIDDEN if _SECRET.search(str(name)) and part else masked(part)
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [masked(part) for part in value]
    return value
