"""The request that creates an assignment, as reviewed and as sent: built from a plan's row."""

from collections.abc import Mapping

from django.conf import settings

from assignments.models import Assignment, Batch
from assignments.models.drafts import ITEM_PASSTHROUGHS, SENT_TEXTS
from assignments.services.planning.passthrough import with_item
from assignments.services.planning.plan_digest import stored_commitments
from assignments.stackone.json_values import as_object
from assignments.stackone.resources import NewAssignment


def new_assignment(row: Assignment) -> NewAssignment:
    """Return what to send for a row: the frozen values, not those of the directory now."""
    batch = row.batch
    passthrough, of_items = batch.passthrough, batch.item_passthroughs
    if of_items:
        passthrough = with_item(passthrough, of_items, row.content_reference)
    return NewAssignment(
        learning_object_external_reference=row.content_reference,
        learning_object_id=row.content_remote_id,
        due_at=row.due_at,
        status=batch.status,
        progress=batch.progress_number,
        assigned_at=batch.assigned_at,
        external_reference=batch.external_reference,
        source_status=batch.source_status,
        passthrough=passthrough,
    )


def json_body(new: NewAssignment) -> dict[str, object]:
    """Return the JSON body for STACKONE_CONTRACT and STACKONE_STATUS_STYLE."""
    return new.as_json(settings.STACKONE_CONTRACT, settings.STACKONE_STATUS_STYLE)


def logged_body(new: NewAssignment, batch: Batch) -> dict[str, object]:
    """Return the JSON body for the log, with the plan's commitments in place of free text.

    An entry can never be changed, and the text may have to be erased.
    """
    body = json_body(new)
    for name in SENT_TEXTS:
        if getattr(new, name):
            commitment = _commitment(name, stored_commitments(batch.pk, batch.plan_digest))
            if name == "source_status":
                body["status"] = {**as_object(body["status"]), "source_value": commitment}
            else:
                body[name] = commitment
    return body


def _commitment(name: str, commitments: Mapping[str, str]) -> dict[str, str]:
    names = {"commit": name}
    if name == "passthrough":
        names["items"] = ITEM_PASSTHROUGHS
    return {key: commitments[text] for key, text in names.items() if text in commitments}
