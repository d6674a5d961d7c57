"""`manage.py sync`: read people, content and existing assignments from the LMS."""

import json
import time

from django.core.management import CommandError, CommandParser
from django.utils import timezone

from assignments.management.command_line_actor import operator
from assignments.management.command_options import Option
from assignments.management.desk_command import DeskCommand
from assignments.management.preparation import require_prepared_database
from assignments.models import Account, SyncRun
from assignments.services.calls import connections
from assignments.services.syncing import run_record, sync_request, sync_run


class Command(DeskCommand):
    """Sync every configured account, or one, and print how much was read."""

    help = "Read people, content and existing assignments from the LMS; incremental."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add `--account` and `--json`."""
        parser.add_argument("--account", help="only this account (its StackOne account id)")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: object, **options: Option) -> None:
        """Run or continue the sync of each account; exit code 1 if the LMS cannot be read."""
        require_prepared_database()
        wanted = options["account"]
        accounts = [a for a in connections.configured_accounts() if wanted in {None, a.remote_id}]
        if not accounts:
            raise CommandError(f"No account {wanted!r} is configured in STACKONE_ACCOUNT_ID.")
        results = [self._sync(account, is_quiet=options["json"]) for account in accounts]
        if options["json"]:
            self.stdout.write(json.dumps(results))

    def _sync(self, account: Account, *, is_quiet: bool) -> dict[str, object]:
        by = operator()
        run = sync_request.request_sync(account=account, by=by, now=timezone.now())
        progress = (lambda _: None) if is_quiet else self._print_progress
        while not self._is_over(run):
            try:
                sync_run.run_sync(
                    run=run, by=by, clock=timezone.now, may_go_on=lambda: True, progress=progress
                )
            except run_record.SyncRefused as refusal:
                raise CommandError(f"{refusal} Run the command again to continue.") from refusal
        result = _result(run)
        if not is_quiet:
            self.stdout.write(_sentence(result))
        return result

    def _is_over(self, run: SyncRun) -> bool:
        run.refresh_from_db()
        if run.finished_at is None and run.runner:
            # A worker runs the same sync: wait until it has finished or is abandoned.
            time.sleep(0.5)
        return run.finished_at is not None

    def _print_progress(self, run: SyncRun) -> None:
        self.stderr.write(f"{run.get_stage_display()}: {_counts(run)}")
        if run.retry_at is not None:
            self.stderr.write(f"{run.problem} Trying again after a pause.")


def _counts(run: SyncRun) -> str:
    return f"{run.learners:,} people, {run.contents:,} items, {run.assignments:,} assignments"


def _result(run: SyncRun) -> dict[str, object]:
    return {
        "account": run.account.remote_id,
        "full": run.is_full,
        "people": run.learners,
        "content": run.contents,
        "assignments": run.assignments,
        "removed": run.removed,
    }


def _sentence(result: dict[str, object]) -> str:
    return (
        f"Synced {result['account']}: {result['people']:,} people, {result['content']:,} items, "
        f"{result['assignments']:,} assignments; {result['removed']:,} left."
    )
