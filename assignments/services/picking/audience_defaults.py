"""Fill in the default terms of an audience for a draft to which its people are added."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from assignments.models import Audience, Draft
from assignments.models.terms import TERM_NAMES
from assignments.services.picking import drafts
from assignments.services.planning import own_terms
from assignments.services.planning.passthrough import (
    PassthroughRefused,
    parse_passthrough,
    to_compact_json,
)


def fill_in(*, draft: Draft, audience: Audience, now: datetime) -> str:
    """Set the terms that the draft does not have, and return sentences about all of them."""
    defaults = own_terms.values_of(audience.default_terms)
    changed, kept = complete({name: getattr(draft, name) for name in defaults}, defaults)
    if changed:
        drafts.set_terms(draft=draft, **changed, now=now)
    return _sentence("Filled in from it", changed) + _sentence(
        "Kept as the draft has it, unlike the audience", kept
    )


def complete(
    terms: Mapping[str, Any], defaults: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Return the terms that the defaults change, and the names of those that stay different.

    What a term says is kept: of a passthrough, the names are added that it does not have.
    """
    completed = {name: _completed(name, terms[name], value) for name, value in defaults.items()}
    changed = {name: value for name, (value, _) in completed.items() if value != terms[name]}
    return changed, [name for name, (_, is_default) in completed.items() if not is_default]


def _completed(name: str, own: Any, default: Any) -> tuple[Any, bool]:
    """Return the value of a term, and whether it is (or has all of) the default."""
    if own in {None, "", default}:
        return default, True
    return _joined(own, default) if name == "passthrough" else (own, False)


def _joined(passthrough: str, default: str) -> tuple[str, bool]:
    try:
        own, defaults = json.loads(passthrough), json.loads(default)
        both = parse_passthrough(to_compact_json({**own, **(defaults | own)}))
    except (PassthroughRefused, ValueError):
        # Too long together, or a name in it was erased.
        return passthrough, False
    return both, own_terms.join(both, default) == both


def _sentence(what: str, names: Iterable[str]) -> str:
    labels = ", ".join(TERM_NAMES[name] for name in names)
    return f" {what}: {labels}." if labels else ""
