"""Taking a person's name out of words that can be changed: reasons, problems, drafts, searches."""

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
    Draft,
    DraftUpload,
    PersonalValue,
    PlanRefresh,
    SelectionChange,
    SyncRun,
)
from assignments.models.directory import ERASED
from assignments.models.sql.text_folding import fold
from assignments.services.picking.uploads import compression
from assignments.services.planning.plan_digest import erase_salts
from assignments.services.privacy.subjects import Subject
from assignments.services.redaction import unnaming

TEXTS: Final[tuple[tuple[type[Model], tuple[str, ...]], ...]] = (
    (Batch, ("by_name", "reason", "pause_reason")),
    (Draft, ("reason",)),
    (Approval, ("reason", "decided_by_name")),
    (SelectionChange, ("sentence",)),
    (SyncRun, ("problem",)),
    (PlanRefresh, ("problem",)),
    (Account, ("pause_reason",)),
)
SHORTEST_PART: Final = 3
CHUNK: Final = 2_000


def take_out(whom: Subject) -> int:
    """Replace the person's name wherever words can be changed; return in how many rows."""
    changed = sum(_replace(whom, model._default_manager.all(), fields) for model, fields in TEXTS)
    if whom.learner:
        rows = Assignment.objects.filter(learner=whom.learner)
        changed += _replace(whom, rows, ("problem",))
        attempts = Attempt.objects.filter(assignment__learner=whom.learner)
        changed += _replace(whom, attempts, ("problem",))
    return changed + _audiences(whom) + _uploads(whom) + _searches(whom)


def names_somebody(whom: Subject, texts: Iterable[str]) -> bool:
    """Tell whether one of the texts names the person."""
    unnamed = unnaming(whom.names)
    return any(unnamed(text) != text for text in texts)


def objection_to(reason: str, *, whom: Subject | None) -> str:
    """Return why a reason cannot stay in the log; nothing if it can.

    :param whom: the person whom it is about, if it is about one
    """
    if not reason.strip():
        return "Say why. The reason stays in the log."
    if whom and names_somebody(whom, [reason]):
        return "Leave the person's name out of the reason: it stays in the log."
    return ""


def seeks(whom: Subject, search: str) -> bool:
    """Tell whether a search looks for the person.

    A part of the name is enough: what is lost is only what somebody looked for.
    """
    parts = {part for name in whom.names for part in (fold(name), *fold(name).split())}
    text = fold(search)
    return any(part in text for part in parts if len(part) >= SHORTEST_PART)


def _replace(whom: Subject, found: "QuerySet[Any]", fields: Sequence[str]) -> int:
    changed, unnamed = 0, unnaming(whom.names, instead=ERASED)
    for pk, *texts in found.order_by("pk").values_list("pk", *fields).iterator(CHUNK):
        new = [unnamed(text) for text in texts]
        if new != texts:
            found.filter(pk=pk).update(**dict(zip(fields, new, strict=True)))
            if found.model is Batch:
                erase_salts(pk, _changed(fields, texts, new))
            changed += 1
    return changed


def _changed(fields: Sequence[str], texts: Sequence[str], new: Sequence[str]) -> list[str]:
    return [name for name, *both in zip(fields, texts, new, strict=True) if both[0] != both[1]]


def _audiences(whom: Subject) -> int:
    """Drop filters that look for the person, and call otherwise what is called after them."""
    looking = [
        audience.pk
        for audience in Audience.objects.exclude(query="")
        if names_somebody(whom, [unquote_plus(audience.query)])
    ]
    dropped = Audience.objects.filter(pk__in=looking).delete()[0]
    for audience in Audience.objects.order_by("pk"):
        if names_somebody(whom, [audience.name]):
            audience.name = f"Audience {audience.pk}"
            audience.folded_name = fold(audience.name)
            audience.save(update_fields=["name", "folded_name"])
            dropped += 1
    return dropped


def _uploads(whom: Subject) -> int:
    """Forget the uploaded files that name the person; they are kept for a day at most."""
    naming = [
        upload.pk for upload in DraftUpload.objects.all() if names_somebody(whom, _cells(upload))
    ]
    return DraftUpload.objects.filter(pk__in=naming).delete()[0]


def _cells(upload: DraftUpload) -> Iterator[str]:
    yield upload.name
    yield from map(str, [*upload.heading, *(cell for row in upload.preview for cell in row)])
    for _, cells in compression.decompress_rows(bytes(upload.compressed_rows)):
        yield from map(str, cells)


def _searches(whom: Subject) -> int:
    """Forget searches of the log for the person, with the salts that would prove them."""
    kept = PersonalValue.objects.filter(ref=SEARCH_REF).values_list("pk", "value")
    naming = [pk for pk, value in kept.iterator(CHUNK) if seeks(whom, value)]
    return PersonalValue.objects.filter(pk__in=naming).delete()[0]
