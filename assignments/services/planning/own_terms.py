"""Terms that rows of a file have of their own, and default terms of items and audiences.

They are stored as text with a salted commitment, made when they are read. The row's digest and the
log's entries have the commitment, so that a name in the text can be erased without breaking them.
"""

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from assignments.audit.entries.canonical import timestamp
from assignments.audit.entries.commitments import SALT_BYTES, commitment
from assignments.services.planning.passthrough import to_compact_json
from assignments.stackone.resources import NewAssignment

# Terms that a column of a file may have for each row, and that may have defaults.
NAMES: Final = ("progress", "assigned_at", "external_reference", "source_status", "passthrough")


class OwnTerms(NamedTuple):
    """Terms as stored; `salt` is empty once a text of them was erased."""

    terms: Mapping[str, Any]  # as in JSON: text, and a number for the progress
    commit: str
    salt: str


def commit_to(terms: Mapping[str, object], *, previous: str = "") -> str:
    """Return the terms with a new commitment, as stored; empty if none of them has a value.

    :param previous: the stored terms that they replace, which are returned if they are the same
    """
    values = {name: _plain(value) for name, value in terms.items() if value not in {None, ""}}
    if not values:
        return ""
    if previous and load(previous).terms == values:
        return previous
    salt = secrets.token_bytes(SALT_BYTES)
    commit = commitment(salt, to_compact_json(values))
    return _stored(OwnTerms(values, commit, base64.b64encode(salt).decode()))


@lru_cache(maxsize=1_024)
def load(stored: str) -> OwnTerms:
    """Return terms that were stored."""
    return OwnTerms(**json.loads(stored))


def values_of(stored: str) -> dict[str, Any]:
    """Return stored terms as a draft has them; none for an empty text."""
    return _values(load(stored).terms) if stored else {}


def commitment_of(stored: str) -> dict[str, object]:
    """Return the commitment to stored terms as the part of a log entry; nothing without terms."""
    return {"defaults": {"commit": load(stored).commit}} if stored else {}


def is_committed(stored: str) -> bool:
    """Return whether the terms are those of their commitment; not if a text was erased."""
    own = load(stored)
    salt = base64.b64decode(own.salt)
    return bool(salt) and commitment(salt, to_compact_json(own.terms)) == own.commit


def redact(stored: str, redact_text: Callable[[str], str]) -> str:
    """Return the terms with redacted texts; if that changes one, the salt is deleted."""
    own = load(stored)
    terms = {
        name: redact_text(value) if isinstance(value, str) else value
        for name, value in own.terms.items()
    }
    return stored if terms == own.terms else _stored(OwnTerms(terms, own.commit, ""))


def apply(stored: str, new: NewAssignment) -> NewAssignment:
    """Return the request with the row's own terms; names of its passthrough are added."""
    own = values_of(stored)
    if "passthrough" in own:
        own["passthrough"] = join(new.passthrough, own["passthrough"])
    return new._replace(**own)


def terms_of_items(stored_by_reference: Mapping[str, str]) -> str:
    """Return the default terms of items by their references, as a batch has them."""
    of_items = {name: dict(load(stored).terms) for name, stored in stored_by_reference.items()}
    return to_compact_json(of_items) if of_items else ""


@lru_cache(maxsize=256)
def terms_of_item(of_items: str, reference: str) -> Mapping[str, Any]:
    """Return the default terms of one item of a batch."""
    return _values(json.loads(of_items).get(reference, {})) if of_items else {}


def apply_defaults(terms: Mapping[str, Any], new: NewAssignment) -> NewAssignment:
    """Return the request with an item's default terms where the batch has none.

    The names of the item's passthrough are added to those of the batch, and count if both have one.
    """
    missing = {name: value for name, value in terms.items() if getattr(new, name) in {None, ""}}
    if "passthrough" in terms:
        missing["passthrough"] = join(new.passthrough, terms["passthrough"])
    return new._replace(**missing)


def join(passthrough: str, own: str) -> str:
    """Return a passthrough with the names of another one, which count if both have one."""
    if not passthrough:
        return own
    return to_compact_json({**json.loads(passthrough), **json.loads(own)})


def _values(terms: Mapping[str, Any]) -> dict[str, Any]:
    if "assigned_at" not in terms:
        return dict(terms)
    return {**terms, "assigned_at": datetime.fromisoformat(terms["assigned_at"])}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return timestamp(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _stored(own: OwnTerms) -> str:
    return to_compact_json(own._asdict())
