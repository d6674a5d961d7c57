"""Use a file in a draft as people do: by the page, by the command line, or without either."""

import io
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from assignments.models import Account, Batch, Draft, DraftUpload
from assignments.services.picking.uploads import unattended_import
from assignments.services.picking.uploads.unattended_import import ReadingOptions
from assignments.services.planning import frozen_plan
from tests.factories import AT, make_user
from tests.test_pages_assign import words

COUNTS = {
    "total": r"(\d+) rows? given",
    "valid": r"Found (\d+) from this file",
    "duplicate": r"Twice in the file (\d+)",
    "inactive": r"Inactive (\d+) left out",
    "invalid": r"Refused (\d+)",
    "left_out": r"Left out (\d+) hidden",
}


class Use(NamedTuple):
    """What became of a file: whose e-mails are in the plan, what was written, and the counts.

    If the file was refused, nobody is in the plan and there are no counts.
    """

    emails: list[str]
    text: str
    counts: dict[str, int]


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


def use_on_page(client: Client, draft: Draft, name: str, content: bytes, **choices: str) -> Use:
    """Upload a file, confirm the proposed columns but for the `choices`, and freeze the plan."""
    file = {"file": SimpleUploadedFile(name, content), "by": "file"}
    page = client.post(reverse("assign-upload", args=[draft.pk]), file, follow=True)
    upload = DraftUpload.objects.filter(draft=draft).first()
    if page.status_code != 200 or upload is None:
        return Use([], words(page), {})
    proposed = {
        kind: str(columns[0]) if len(columns) == 1 else "" if columns else "none"
        for kind, columns in upload.candidates.items()
    }
    url = reverse("assign-upload-columns", args=[draft.pk])
    result = client.post(url, {"by": "file"} | proposed | choices, follow=True)
    text = f"{words(page)} {words(result)}"
    if result.status_code != 200:
        return Use([], text, {})
    return Use(_planned_of(draft), text, _counts(words(result)))


def paste_on_page(client: Client, draft: Draft, text: str) -> Use:
    """Paste a list and freeze the plan."""
    page = client.post(reverse("assign-paste", args=[draft.pk]), {"list": text, "by": "paste"})
    return Use(_planned_of(draft), words(page), {})


def use_on_command_line(manager_email: str, path: Path, *options: str) -> Use:
    """Run `assign` with a file."""
    words = ["--as", manager_email, "--learners", str(path), "--status", "pending"]
    if "--due" not in options:
        words += ["--due", "none"]
    out, warnings = io.StringIO(), io.StringIO()
    try:
        call_command("assign", *words, "--yes", "--json", *options, stdout=out, stderr=warnings)
    except CommandError as refusal:
        return Use([], f"{warnings.getvalue()}{refusal}", {})
    counts = json.loads(out.getvalue())["file"]
    return Use(_planned(Batch.objects.latest("pk")), warnings.getvalue(), counts)


def _planned_of(draft: Draft) -> list[str]:
    try:
        return _planned(frozen_plan.freeze(draft=draft, now=AT))
    except frozen_plan.PlanRefused:
        return []


def _planned(batch: Batch) -> list[str]:
    rows = batch.assignments.exclude(state="skipped").order_by("learner__email")
    return list(rows.values_list("learner__email", flat=True))


def _counts(text: str) -> dict[str, int]:
    matches = {name: re.search(pattern, text) for name, pattern in COUNTS.items()}
    return {name: int(match[1]) if match else 0 for name, match in matches.items()}
