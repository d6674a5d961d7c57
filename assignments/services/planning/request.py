"""The request that creates an assignment, as reviewed and as sent: built from a plan's row."""

from collections.abc import Mapping

from django.conf import settings

from assignments.models import Assignment
from assignments.models.terms import ITEM_TERMS, SENT_TEXTS
from assignments.services.planning import own_terms
from assignments.services.planning.plan_digest import stored_commitments
from assignments.stackone.json_values import as_object
from assignments.stackone.resources import NewAssignment


def new_assignment(row: Assignment) -> NewAssignment:
    """Return what to send for a row: the frozen values, not those of the directory now."""
    batch = row.batch
    new = NewAssignment(
        learning_object_external_reference=row.content_reference,
        learning_object_id=row.content_remote_id,
        due_at=row.due_at,
        status=batch.status,
        progress=batch.progress_number,
        assigned_at=batch.assigned_at,
        external_reference=batch.external_reference,
        source_status=batch.source_status,
        passthrough=batch.passthrough,
    )
    if batch.item_terms:
        new = own_terms.apply_defaults(_of_item(row), new)
    return own_terms.apply(row.own_terms, new) if row.own_terms else new


def json_body(new: NewAssignment) -> dict[str, object]:
    """Return the JSON body for STACKONE_CONTRACT and STACKONE_STATUS_STYLE."""
    return new.as_json(settings.STACKONE_CONTRACT, settings.STACKONE_STATUS_STYLE)


def logged_body(new: NewAssignment, row: Assignment) -> dict[str, object]:
    """Return the JSON body for the log, with commitments of the plan in place of free text.

    An entry can never be changed, and the text may have to be erased.
    """
    body = json_body(new)
    for name in SENT_TEXTS:
        if getattr(new, name):
            commitment = _commitment(name, row)
            if name == "source_status":
                body["status"] = {**as_object(body["status"]), "source_value": commitment}
            else:
                body[name] = commitment
    return body


def _commitment(name: str, row: Assignment) -> dict[str, str]:
    """Return the commitments that cover a text: of the batch, of its items, and of the row."""
    commitments = stored_commitments(row.batch_id, row.batch.plan_digest)
    names = {"commit": name}
    if name in _of_item(row) and (name == "passthrough" or not getattr(row.batch, name)):
        names["items"] = ITEM_TERMS
    covering = {key: commitments[text] for key, text in names.items() if text in commitments}
    own = own_terms.load(row.own_terms) if row.own_terms else None
    return {**covering, "row": own.commit} if own and name in own.terms else covering


def _of_item(row: Assignment) -> Mapping[str, object]:
    return own_terms.terms_of_item(row.batch.item_terms, row.content_reference)
