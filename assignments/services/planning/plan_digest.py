"""The plan digest: one SHA-256 over the terms and rows of a plan, as reviewed, approved and sent.

It is the hash of a JSON object in canonical form (RFC 8785) that holds the version of its format,
the terms of the batch, and the SHA-256 over the digests of its rows. A row's digest is the hash of
such an object, too. What is absent (None or an empty text) is left out, so an optional term or
column may be added to the newest format and the digests of older plans stay what they are. Any
other change needs a new format with a new number. No format is ever removed, because plans and log
entries refer to it for ever.

Text that may have to be erased enters as a salted commitment: erasing it deletes the salt and keeps
the commitment, so the digest can still be verified.
"""

import base64
import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Final

import orjson

from assignments.audit.entries.canonical import timestamp
from assignments.audit.entries.commitments import SALT_BYTES, commitment
from assignments.models import Assignment, Batch, PlanDigestInput
from assignments.models.terms import ITEM_TERMS, SENT_TEXTS
from assignments.services.planning import own_terms

DIGEST_BYTES: Final = 32
PLAN: Final = "assignment-desk/plan"
ROW: Final = "assignment-desk/plan-row"
_REVIEWED: Final = Assignment.State.PLANNED.value
_CHUNK: Final = 5_000
# The input of the largest batch takes three megabytes.
_CACHED_INPUTS: Final = 16
_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER | orjson.OPT_PASSTHROUGH_DATETIME
# Rows share few due dates.
_timestamp: Final = lru_cache(timestamp)

type Terms = tuple[tuple[str, object], ...]


class PlanChanged(Exception):
    """The plan of a batch is not the one that was reviewed."""


@dataclass(frozen=True, slots=True)
class Format:
    """What a version covers: terms of the batch, text that is committed to, and columns of a row.

    Terms are attribute paths of the batch by their name in the JSON object.
    """

    terms: Mapping[str, str]
    texts: tuple[str, ...]
    columns: tuple[str, ...]


FORMATS: Final[dict[int, Format]] = {
    1: Format(
        terms={
            "account": "account.remote_id",
            "assigned_at": "assigned_at",
            "due_at": "due_at",
            "progress": "progress_number",
            "row_count": "rows",
            "status": "status",
        },
        texts=("reason", *SENT_TEXTS, ITEM_TERMS),
        columns=(
            "position",
            "learner_id",
            "content_id",
            "learner_remote_id",
            "content_remote_id",
            "content_reference",
            "due_at",
            "own_terms",
        ),
    ),
}


def store_digest(batch: Batch, *, previous: PlanDigestInput | None = None) -> None:
    """Compute the digest of a batch whose rows were just made, and store it with its input.

    :param previous: the input of the plan that this one replaces: text that is the same keeps its
        salt, so that a plan without a change keeps its digest
    """
    version = max(FORMATS)
    digest_input = PlanDigestInput(batch=batch, version=version)
    digest_input.row_digests = _digests_of_rows(batch, version)
    for name in FORMATS[version].texts:
        _commit(digest_input, name, getattr(batch, name), previous)
    digest_input.save(force_insert=True)
    batch.plan_digest = digest_of(terms_of(batch), digest_input)
    batch.save(update_fields=["plan_digest"])


def change_text(batch: Batch, name: str, text: str) -> None:
    """Give a text of the batch that the digest commits to another value; changes the digest."""
    if getattr(batch, name) == text:
        return
    setattr(batch, name, text)
    digest_input = batch.digest_input
    _commit(digest_input, name, text)
    digest_input.save(update_fields=["commitments", "salts"])
    batch.plan_digest = digest_of(terms_of(batch), digest_input)
    batch.save(update_fields=[name, "plan_digest"])


def erase_salts(batch_pk: int, names: Iterable[str]) -> None:
    """Delete the salts of texts of a batch that were erased; their commitments stay."""
    for digest_input in PlanDigestInput.objects.select_for_update().filter(pk=batch_pk):
        for name in names:
            digest_input.salts.pop(name, None)
        digest_input.save(update_fields=["salts"])


def recomputed_digest(batch: Batch) -> str:
    """Return the digest of what the tables hold of a plan now; empty if there is none.

    It is the reviewed one only until delivery begins: that changes the states of the rows.
    """
    digest_input = PlanDigestInput.objects.filter(pk=batch.pk, version__in=FORMATS).first()
    if digest_input is None:
        return ""
    digest_input.row_digests = _digests_of_rows(batch, digest_input.version)
    return digest_of(terms_of(batch), digest_input)


@lru_cache(maxsize=_CACHED_INPUTS)
def stored_commitments(batch_pk: int, plan_digest: str) -> Mapping[str, str]:
    """Return the commitments to the texts of a plan by field, cached by its digest."""
    return PlanDigestInput.objects.get(pk=batch_pk).commitments  # type: ignore[no-any-return]


def lacks_sent_text(digest_input: PlanDigestInput) -> bool:
    """Return whether a text that the LMS would get was erased since the review."""
    committed = digest_input.commitments.keys() - {"reason"}
    return not committed <= digest_input.salts.keys()


def reviewed_input(batch: Batch) -> PlanDigestInput:
    """Return the stored input of the plan digest of the batch; see `verified_input`."""
    return verified_input(batch.pk, batch.plan_digest, terms_of(batch))


def is_unchanged(row: Assignment, digest_input: PlanDigestInput) -> bool:
    """Return whether the row has the digest with which it was reviewed."""
    end = row.position * DIGEST_BYTES
    reviewed = digest_input.row_digests[end - DIGEST_BYTES : end]
    is_same = row_digest(row, digest_input.version) == bytes(reviewed)
    return is_same and (not row.own_terms or own_terms.is_committed(row.own_terms))


@lru_cache(maxsize=_CACHED_INPUTS)
def verified_input(batch_pk: int, plan_digest: str, terms: Terms) -> PlanDigestInput:
    """Return the stored input of a plan digest.

    :raises PlanChanged: if there is none, or it has another digest with these terms
    """
    digest_input = PlanDigestInput.objects.filter(pk=batch_pk).first()
    if digest_input is None or digest_of(terms, digest_input) != plan_digest:
        raise PlanChanged
    return digest_input


def digest_of(terms: Terms, digest_input: PlanDigestInput) -> str:
    """Return the digest over terms and digests of rows.

    It is empty if a text is not the one that was committed to, or if a later version of the product
    made the plan.
    """
    values, version = dict(terms), digest_input.version
    if version not in FORMATS:
        return ""
    covered = FORMATS[version]
    if not all(_is_committed(digest_input, name, values.get(name)) for name in covered.texts):
        return ""
    head = {name: values[name] for name in covered.terms if name in values}
    head |= {name: {"commit": value} for name, value in digest_input.commitments.items()}
    rows = hashlib.sha256(digest_input.row_digests).hexdigest()
    return _sha256({"type": PLAN, "version": version, "rows": rows, **head}).hex()


def terms_of(batch: Batch) -> Terms:
    """Return everything of the batch itself that any version covers, texts in the clear."""
    paths: dict[str, str] = {}
    for covered in FORMATS.values():
        paths |= {**covered.terms, **{name: name for name in covered.texts}}
    return tuple(_present((name, attrgetter(path)(batch)) for name, path in paths.items()).items())


def row_digest(row: Assignment, version: int) -> bytes:
    """Return the digest that a row has in its plan if it was reviewed as one to be sent."""
    # Every row is checked before it is sent; reading its attributes would take twice as long.
    columns = FORMATS[version].columns
    return _row_digest(columns, map(vars(row).__getitem__, columns), _REVIEWED, version)


def _digests_of_rows(batch: Batch, version: int) -> bytes:
    columns = FORMATS[version].columns
    rows = Assignment.objects.filter(batch=batch).order_by("position")
    stored = rows.values_list("state", *columns).iterator(chunk_size=_CHUNK)
    return b"".join(_row_digest(columns, row, state, version) for state, *row in stored)


def _row_digest(
    columns: Iterable[str], values: Iterable[object], state: str, version: int
) -> bytes:
    present = _present(zip(columns, values, strict=True))
    if "own_terms" in present:
        present["own_terms"] = {"commit": own_terms.load(str(present["own_terms"])).commit}
    return _sha256(present | {"type": ROW, "version": version, "state": state})


def _present(values: Iterable[tuple[str, object]]) -> dict[str, object]:
    return {name: value for name, value in values if value is not None and value != ""}


def _sha256(value: Mapping[str, object]) -> bytes:
    # For text, whole numbers and few decimals under names in ASCII, orjson writes what RFC 8785
    # says.
    return hashlib.sha256(orjson.dumps(value, default=_timestamp, option=_OPTIONS)).digest()


def _commit(
    digest_input: PlanDigestInput, name: str, text: str, previous: PlanDigestInput | None = None
) -> None:
    digest_input.commitments.pop(name, None)
    digest_input.salts.pop(name, None)
    if not text:
        return
    salt = base64.b64encode(secrets.token_bytes(SALT_BYTES)).decode()
    if previous and name in previous.salts and _is_committed(previous, name, text):
        salt = previous.salts[name]
    digest_input.commitments[name] = commitment(base64.b64decode(salt), text)
    digest_input.salts[name] = salt


def _is_committed(digest_input: PlanDigestInput, name: str, text: object) -> bool:
    """Return whether the digest commits to this text, or to one that was erased since."""
    stored, salt = digest_input.commitments.get(name), digest_input.salts.get(name)
    if stored is None:
        return text is None
    return salt is None or stored == commitment(base64.b64decode(salt), str(text or ""))
