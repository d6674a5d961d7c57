"""Find out which people and content a full sync did not list, and mark them as inactive."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from assignments.models import Content, Learner, SyncPage, SyncRun
from assignments.services.syncing.run_record import (
    Stage,
    add_remark,
    begin_next_stage,
    list_name,
    return_to_first_page,
)
from assignments.stackone.page_process import AnyPage

SOURCES: Final = {
    Stage.CONTENT: Content.Source.CONTENT,
    Stage.COURSES: Content.Source.COURSE,
}
CHUNK: Final = 2_000
# The remote id that stands for entries that could not be read.
UNREADABLE: Final = None

type Rows = QuerySet[Learner] | QuerySet[Content]


def record_listed(run: SyncRun, pages: Sequence[AnyPage]) -> None:
    """Count what could not be read; of a full sync, store the ids on the pages.

    They are stored apart from the rows, which do not change.
    """
    ids = [item.id for page in pages for item in page.items if item.id]
    unreadable = sum(page.unreadable for page in pages)
    run.unreadable += unreadable
    if run.is_full and run.stage != Stage.ASSIGNMENTS:
        listed = [*ids, UNREADABLE] if unreadable else ids
        SyncPage.objects.create(run=run, stage=run.stage, remote_ids=listed)


def end_stage(run: SyncRun, now: datetime) -> None:
    """After the last page of a list, begin the next stage, or the confirming pass of this one.

    A list that changes while it is read may shift a row to a page that was read before. So rows
    that a full sync did not list are marked as inactive only if a second pass does not list them.
    """
    missing = _missing_rows(run) if run.is_full else []
    if missing and not run.is_confirming:
        return_to_first_page(run)
        run.is_confirming = True
        return
    if missing:
        rows = rows_of_stage(run).filter(pk__in_list=missing)
        run.removed += rows.update(is_active=False, left_at=now)
    SyncPage.objects.filter(run=run.pk, stage=run.stage).delete()
    begin_next_stage(run)


def _missing_rows(run: SyncRun) -> list[int]:
    """Return the rows that the list did not have; none if it was not read completely."""
    pages = SyncPage.objects.filter(run=run.pk, stage=run.stage)
    listed = {remote_id for ids in pages.values_list("remote_ids", flat=True) for remote_id in ids}
    present = rows_of_stage(run).filter(left_at=None).values_list("pk", "remote_id")
    missing = [pk for pk, remote_id in present.iterator(CHUNK) if remote_id not in listed]
    if missing and (UNREADABLE in listed or not listed):
        _explain(run, is_empty=not listed)
        return []
    return missing


def rows_of_stage(run: SyncRun) -> Rows:
    """Return our rows of the list that is read; none for assignments, which are not removed."""
    if run.stage == Stage.LEARNERS:
        return Learner.objects.filter(account=run.account_id)
    source = SOURCES.get(Stage(run.stage))
    items = Content.objects.filter(account=run.account_id, source=source)
    return items if source else items.none()


def _explain(run: SyncRun, *, is_empty: bool) -> None:
    name = list_name(run)
    problem = "was empty" if is_empty else "had entries that could not be read"
    add_remark(run, f"The list of {name} {problem}, so nothing missing was marked as removed.")
