"""The record of a running sync: save it, and move it to another stage or back to its start."""

from typing import Final

from assignments.models import SyncPage, SyncRun

Stage = SyncRun.Stage

ORDER: Final = (Stage.LEARNERS, Stage.CONTENT, Stage.COURSES, Stage.ASSIGNMENTS, Stage.DONE)
COUNTERS: Final = {
    Stage.LEARNERS: "learners",
    Stage.CONTENT: "contents",
    Stage.COURSES: "contents",
    Stage.ASSIGNMENTS: "assignments",
}
SAVED_FIELDS: Final = (
    *("learners", "contents", "assignments", "removed", "changed", "unreadable", "stage_count"),
    *("cursor", "stage", "restarts", "is_confirming", "progressed_at", "remark"),
    *("failures", "failing_since", "retry_at", "problem", "finished_at"),
)


class SyncRefused(Exception):
    """The sync cannot continue now; the message says why. Pages stored so far are kept."""


def save(run: SyncRun) -> None:
    """Save the progress of a run, if its runner still has it.

    :raises SyncRefused: if another worker took it over
    """
    values = {name: getattr(run, name) for name in SAVED_FIELDS}
    if not SyncRun.objects.filter(pk=run.pk, runner=run.runner).update(**values):
        raise SyncRefused("Another worker took this sync over.")


def add_to_count(run: SyncRun, count: int) -> None:
    """Count records of the current stage."""
    name = COUNTERS[Stage(run.stage)]
    setattr(run, name, getattr(run, name) + count)
    run.stage_count += count


def return_to_first_page(run: SyncRun) -> None:
    """Read the list of the current stage from its start, and count its records again."""
    add_to_count(run, -run.stage_count)
    run.cursor = ""


def begin_stage_anew(run: SyncRun) -> None:
    """Forget which rows the list had so far, and read it from its start."""
    SyncPage.objects.filter(run=run.pk, stage=run.stage).delete()
    return_to_first_page(run)
    run.is_confirming = False
    run.restarts += 1


def begin_next_stage(run: SyncRun) -> None:
    """Go on to the list after the current one."""
    run.stage = ORDER[ORDER.index(Stage(run.stage)) + 1]
    run.cursor, run.stage_count, run.restarts, run.is_confirming = "", 0, 0, False


def list_name(run: SyncRun) -> str:
    """Return what the list of the current stage has, such as "people"."""
    return run.get_stage_display().lower()


def add_remark(run: SyncRun, sentence: str) -> None:
    """Add a sentence to what the pages say about the result."""
    run.remark = f"{run.remark} {sentence}".strip()[:500]
