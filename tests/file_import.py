"""Use a file in a new draft as the command line does."""

import io
from typing import Any

from assignments.models import Account, Draft
from assignments.services.picking.uploads import unattended_import
from assignments.services.picking.uploads.unattended_import import ReadingOptions
from tests.factories import AT, make_user


def import_people(account: Account, content: bytes, **options: Any) -> tuple[list[str], list[str]]:
    """Return the e-mails of the people whom a file selects, and the sentences about it."""
    draft = Draft.objects.create(account=account, owner=make_user(), created_at=AT, changed_at=AT)
    notes = unattended_import.import_file(
        draft=draft,
        file=io.BytesIO(content),
        name="people",
        options=ReadingOptions(**options),
        now=AT,
    )
    people = draft.picked_learners.order_by("learner")
    return list(people.values_list("learner__email", flat=True)), notes
