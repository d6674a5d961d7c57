"""`manage.py assign`: assign content to people, the same way as the form does."""

import json
import time
from datetime import datetime, timedelta
from typing import Final

from django.core.management import CommandError, CommandParser
from django.utils import timezone

from assignments.audit.entries.sentences import counted
from assignments.management import assign_arguments, people_file
from assignments.management.command_line_actor import acting_as, manager, open_account
from assignments.management.command_options import Option
from assignments.management.confirmation import confirm
from assignments.management.desk_command import DeskCommand
from assignments.management.preparation import require_prepared_database
from assignments.models import Account, Batch, Draft
from assignments.queries.formatting import day, moment
from assignments.queries.review import ReviewFindings
from assignments.queries.work_due import has_unfinished_rows
from assignments.services.batches import completion, control
from assignments.services.calls import connections
from assignments.services.picking import drafts
from assignments.services.picking.uploads import unattended_import
from assignments.services.planning import due_dates, frozen_plan, term_parsing
from assignments.services.planning.due_cautions import plan_cautions
from assignments.services.planning.term_parsing import TERM_PARSERS
from assignments.services.sending import sender
from assignments.services.submitting import approval_policy, start_time, submission

MAX_DUES: Final = 10
ALL_SETTLED, REFUSED, NOT_ALL_CREATED = 0, 1, 3
AWAITS_APPROVAL: Final = "It waits for another manager's approval, so there is nothing to wait for."
REFUSALS: Final = (
    drafts.DraftRefused,
    frozen_plan.PlanRefused,
    start_time.StartRefused,
    submission.SubmissionRefused,
    term_parsing.TermRefused,
)


class Command(DeskCommand):
    """Plan, show, submit and, with --wait, deliver and count."""

    help = (
        "Assign content to people: prints the plan, then (with --yes) submits it, and with --wait "
        "waits for the outcome. Exit codes: 0 all created or skipped, 1 refused, 3 some are not "
        "created."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add people, content, terms, and whether to submit and wait."""
        assign_arguments.add_arguments(parser)

    def handle(self, *args: object, **options: Option) -> None:
        """Plan, confirm, submit and wait; a refusal is one sentence with exit code 1."""
        require_prepared_database()
        is_quiet = options["json"]
        assign_arguments.refuse_contradictory(options)
        try:
            batch = self._confirmed(options)
        except REFUSALS as refusal:
            raise CommandError(str(refusal), returncode=REFUSED) from refusal
        if batch is None:
            return
        awaits_approval = batch.state == Batch.State.APPROVAL
        if options["wait"] and not awaits_approval:
            _deliver(batch.account, batch)
        self._report(batch, is_quiet=is_quiet)
        if options["wait"] and awaits_approval:
            raise CommandError(AWAITS_APPROVAL, returncode=NOT_ALL_CREATED)

    def _confirmed(self, options: dict[str, Option]) -> Batch | None:
        """Return the submitted batch, or None if the person only wants to keep the draft.

        What is refused leaves no draft behind.
        """
        user, is_quiet = manager(options["email"]), options["json"]
        account = open_account(user, connections.configured_accounts(), options["account"])
        draft = drafts.create(account=account, owner_pk=user.pk, now=timezone.now())
        try:
            batch = self._planned(draft, options)
            self._show_plan(batch, is_quiet=is_quiet)
            if options["yes"] or self._agrees(is_quiet=is_quiet):
                return self._submitted(batch, options)
        except BaseException:
            drafts.delete_unless_submitted(draft=draft)
            raise
        return None

    def _planned(self, draft: Draft, options: dict[str, Option]) -> Batch:
        now = timezone.now()
        drafts.set_terms(
            draft=draft,
            due_date=assign_arguments.due_date(options["due"], options["dates"]),
            status=options["status"],
            **{
                name: parse(options[name])
                for name, parse in TERM_PARSERS.items()
                if options[name] is not None
            },
            now=now,
        )
        drafts.set_assigns_again(draft=draft, assigns_again=options["again"], now=now)
        self._select(draft, options, now)
        draft.refresh_from_db()
        return frozen_plan.freeze(draft=draft, now=now)

    def _select(self, draft: Draft, options: dict[str, Option], now: datetime) -> None:
        for content in assign_arguments.contents(draft.account, options["content"] or ()):
            drafts.add_content(draft=draft, content_pk=content.pk, now=now)
        people_file.select_people(draft, options, warn=self.stderr.write, now=now)

    def _submitted(self, batch: Batch, options: dict[str, Option]) -> Batch:
        now, by = timezone.now(), acting_as(batch.by)
        starts_at = start_time.parse_start(options["start_at"]) if options["start_at"] else None
        submitted = submission.submit(
            draft=Draft.objects.get(pk=batch.submission_key),
            plan_digest=batch.plan_digest,
            reason=options["reason"],
            confirms_completed=True,
            by=by,
            now=now,
            starts_at=starts_at,
        )
        if starts_at is None and submitted.state != Batch.State.APPROVAL:
            # The prompt or --yes has confirmed it; the grace period is for pages.
            control.start_now(batch=submitted, by=by, now=now)
        return submitted

    def _show_plan(self, batch: Batch, *, is_quiet: bool) -> None:
        states = completion.counts(batch)
        first = frozen_plan.first_request(batch)
        if is_quiet:
            return
        self.stdout.write(f"Plan {batch.plan_digest}")
        self.stdout.write(
            f"{batch.title}: {states.get('planned', 0):,} to create, "
            f"{states.get('skipped', 0):,} skipped."
        )
        people_file.show_counts(batch.submission_key, self.stdout.write)
        self._show_due_dates(batch)
        for reason in approval_policy.reasons(batch, now=timezone.now()):
            self.stdout.write(f"Needs another manager's approval: {reason}")
        if first:
            self.stdout.write(
                f"First: {first.method} {first.url}\n{json.dumps(first.body, ensure_ascii=False)}"
            )

    def _show_due_dates(self, batch: Batch) -> None:
        dues, today = ReviewFindings(batch).dues, due_dates.today(timezone.now())
        for due_date, count in dues[:MAX_DUES]:
            due = f"Due {day(due_date)}" if due_date else "Without a due date"
            self.stdout.write(f"{due}: {counted(count, 'row', 'rows')}.")
        if len(dues) > MAX_DUES:
            self.stdout.write(f"Other due dates: {len(dues) - MAX_DUES:,}.")
        for caution in plan_cautions(dues, today=today, due_time=batch.due_time):
            self.stdout.write(caution)

    def _agrees(self, *, is_quiet: bool) -> bool:
        if is_quiet:
            raise CommandError("Add --yes: with --json nothing is asked.")
        return confirm("Create these assignments?")

    def _report(self, batch: Batch, *, is_quiet: bool) -> None:
        batch.refresh_from_db()
        states = completion.counts(batch)
        if is_quiet:
            result = {"batch": str(batch), "plan_digest": batch.plan_digest, "state": batch.state}
            rows = unattended_import.row_counts(batch.submission_key)
            file = {"file": rows} if rows else {}
            self.stdout.write(json.dumps({**result, "counts": states, **file}))
        else:
            words = ", ".join(f"{count:,} {state}" for state, count in states.items())
            self.stdout.write(f"{batch}: {batch.get_state_display()}. {words}.")
            if batch.state == Batch.State.WAITING and batch.starts_at:
                self.stdout.write(f"Starts {moment(batch.starts_at)}.")
        if batch.finished_at and set(states) - {"created", "skipped"}:
            raise CommandError("Not every assignment was created.", returncode=NOT_ALL_CREATED)


def _deliver(account: Account, batch: Batch) -> None:
    # With or without a worker: whichever process has the account's lease sends.
    while has_unfinished_rows(batch):
        sender.deliver(account=account, clock=timezone.now, may_go_on=lambda: True)
        account.refresh_from_db()
        if account.paused_at is not None:
            raise CommandError(f"Sending is paused. {account.pause_reason}")
        time.sleep(timedelta(milliseconds=200).total_seconds())
