"""Redact a person's name in stored text that may change: reasons, problems, drafts, searches."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final
from urllib.parse import unquote_plus

from django.db.models import Model, QuerySet

from assignments.audit.search.filters import SEARCH_REF
from assignments.models import (
    Account,
    Approval,
    Assignment,
    Attempt,
    Audience,
    Batch,
    Content,
    Draft,
    DraftFile,
    DraftFileRow,
    DraftRow,
    DraftUpload,
    PersonalValue,
    PlanRefresh,
    SelectionChange,
    SyncRun,
)
from assignments.models.directory import ERASED
from assignments.models.sql.text_folding import fold
from assignments.models.terms import ITEM_TERMS, SENT_TEXTS
from assignments.services.picking.uploads import compression
from assignments.services.planning import own_terms
from assignments.services.planning.plan_digest import erase_salts
from assignments.services.privacy.subjects import Subject
from assignments.services.redaction import name_redactor

TEXT_FIELDS: Final[tuple[tuple[type[Model], tuple[str, ...]], ...]] = (
    (Batch, ("by_name", "reason", "pause_reason", *SENT_TEXTS, ITEM_TERMS)),
    (Draft, ("reason", *SENT_TEXTS)),
    (DraftFile, ("name",)),
    (Approval, ("reason", "decided_by_name")),
    (SelectionChange, ("sentence",)),
    (SyncRun, ("problem",)),
    (PlanRefresh, ("problem",)),
    (Account, ("pause_reason", "passthrough")),
)
OWN_TERMS_FIELDS: Final[tuple[tuple[type[Model], str], ...]] = (
    (DraftFileRow, "own_terms"),
    (DraftRow, "own_terms"),
    (Assignment, "own_terms"),
    (Audience, "default_terms"),
    (Content, "default_terms"),
)
MIN_PART_LENGTH: Final = 3
CHUNK: Final = 2_000


def redact_person(person: Subject) -> int:
    """Replace the person's name in every text field; return how many rows changed."""
    changed = sum(
        _redact(person, model._default_manager.all(), fields) for model, fields in TEXT_FIELDS
    )
    changed += sum(_redact_own_terms(person, model, name) for model, name in OWN_TERMS_FIELDS)
    if person.learner:
        rows = Assignment.objects.filter(learner=person.learner)
        changed += _redact(person, rows, ("problem",))
        attempts = Attempt.objects.filter(assignment__learner=person.learner)
        changed += _redact(person, attempts, ("problem",))
    return changed + _redact_audiences(person) + _delete_uploads(person)


def _redact_own_terms(person: Subject, model: type[Model], field: str) -> int:
    """Redact the name in terms of rows, items and audiences; return how many changed."""
    changed, redact_text = 0, name_redactor(person.names, replacement=ERASED)
    rows = model._default_manager.exclude(**{field: ""})
    for pk, stored in rows.order_by("pk").values_list("pk", field).iterator(CHUNK):
        redacted = own_terms.redact(stored, redact_text)
        changed += redacted != stored and rows.filter(pk=pk).update(**{field: redacted})
    return changed


def is_named_in(person: Subject, texts: Iterable[str]) -> bool:
    """Tell whether one of the texts contains a name of the person."""
    redact = name_redactor(person.names)
    return any(redact(text) != text for text in texts)


def find_reason_problem(reason: str, *, person: Subject | None) -> str:
    """Return what is wrong with a reason that the log will keep; empty if it is fine.

    :param person: the person that it must not name, if it is about one
    """
    if not reason.strip():
        return "Give a reason. It stays in the log."
    if person and is_named_in(person, [reason]):
        return "Leave the person's name out of the reason: it stays in the log."
    return ""


def is_search_for(person: Subject, search: str) -> bool:
    """Tell whether a search of the log may be for the person.

    A part of the name is enough, since deleting too many searches does little harm.
    """
    parts = {part for name in person.names for part in (fold(name), *fold(name).split())}
    text = fold(search)
    return any(part in text for part in parts if len(part) >= MIN_PART_LENGTH)


# Rows of any of the models that hold text about people.
def _redact(person: Subject, rows: "QuerySet[Any]", fields: Sequence[str]) -> int:
    changed, redact = 0, name_redactor(person.names, replacement=ERASED)
    for pk, *texts in rows.order_by("pk").values_list("pk", *fields).iterator(CHUNK):
        new = [redact(text) for text in texts]
        if new != texts:
            rows.filter(pk=pk).update(**dict(zip(fields, new, strict=True)))
            if rows.model is Batch:
                erase_salts(pk, _changed(fields, texts, new))
            changed += 1
    return changed


def _changed(fields: Sequence[str], before: Sequence[str], after: Sequence[str]) -> list[str]:
    texts = zip(fields, before, after, strict=True)
    return [name for name, old_text, new_text in texts if old_text != new_text]


def _redact_audiences(person: Subject) -> int:
    """Delete audiences that filter by the person's name, and rename those named after them."""
    naming = [
        audience.pk
        for audience in Audience.objects.exclude(query="")
        if is_named_in(person, [unquote_plus(audience.query)])
    ]
    changed = Audience.objects.filter(pk__in=naming).delete()[0]
    for audience in Audience.objects.order_by("pk"):
        if is_named_in(person, [audience.name]):
            audience.name = f"Audience {audience.pk}"
            audience.folded_name = fold(audience.name)
            audience.save(update_fields=["name", "folded_name"])
            changed += 1
    return changed


def _delete_uploads(person: Subject) -> int:
    """Delete uploaded files that name the person; they are kept for a day at most anyway.

    The other sheets of workbooks are deleted without being searched.
    """
    DraftUpload.objects.exclude(workbook=b"").update(workbook=b"", other_sheets=[])
    naming = [
        upload.pk for upload in DraftUpload.objects.all() if is_named_in(person, _cells(upload))
    ]
    return DraftUpload.objects.filter(pk__in=naming).delete()[0]


def _cells(upload: DraftUpload) -> Iterator[str]:
    yield upload.name
    yield from (value for counts in upload.status_values.values() for value in counts)
    yield from map(str, [*upload.heading, *(cell for row in upload.preview for cell in row)])
    for _, cells in compression.decompress_rows(bytes(upload.compressed_rows)):
        yield from map(str, cells)


def delete_searches(person: Subject) -> int:
    """Delete the text of recorded searches for the person, with the salts of their commitments."""
    searches = PersonalValue.objects.filter(ref=SEARCH_REF).values_list("pk", "value")
    naming = [pk for pk, value in searches.iterator(CHUNK) if is_search_for(person, value)]
    return PersonalValue.objects.filter(pk__in=naming).delete()[0]
