"""`manage.py assign`: assign content to people, the same way as the form does."""

import json
import time
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from django.core.management import CommandError, CommandParser
from django.utils import timezone

from assignments.management.command_line_actor import acting_as, manager, open_account
from assignments.management.command_options import Option
from assignments.management.desk_command import DeskCommand
from assignments.management.preparation import require_prepared_database
from assignments.models import Account, Batch, Content, Draft, Learner
from assignments.models.drafts import Status
from assignments.queries.formatting import day, moment
from assignments.queries.work_due import has_unfinished_rows
from assignments.services.batches import completion, control
from assignments.services.calls import connections
from assignments.services.picking import drafts
from assignments.services.picking.pasted_lists.people_lookup import PeopleLookup
from assignments.services.picking.uploads import identifiers
from assignments.services.picking.uploads.content_lookup import NO_MATCH, ContentLookup
from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.planning import due_dates, frozen_plan, term_parsing
from assignments.services.planning.due_cautions import cautions
from assignments.services.planning.due_dates import DateOrder
from assignments.services.planning.term_parsing import TERM_PARSERS
from assignments.services.sending import sender
from assignments.services.submitting import approval_policy, start_time, submission

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
        parser.add_argument("--as", required=True, dest="email", help="e-mail of the manager")
        people = parser.add_mutually_exclusive_group(required=True)
        people.add_argument(
            "--learners", type=Path, help="file (list, CSV or XLSX) of e-mails or ids"
        )
        people.add_argument("--all", action="store_true", help="everybody who is active")
        parser.add_argument("--column", default="", help="heading of the column with the people")
        parser.add_argument(
            "--content", nargs="+", required=True, help="reference, LMS ID or title"
        )
        parser.add_argument(
            "--due", required=True, help="YYYY-MM-DD, words such as 'in 30 days', or none"
        )
        parser.add_argument(
            "--dates",
            choices=[order.value for order in DateOrder],
            help="how to read 03/04/2027; by default as the organisation writes dates",
        )
        parser.add_argument("--status", required=True, choices=Status.values)
        parser.add_argument("--progress", default="", help="in percent, 0 to 100")
        parser.add_argument(
            "--assigned-at", default="", metavar="'YYYY-MM-DD HH:MM'", help="for the LMS's records"
        )
        parser.add_argument("--external-reference", default="", help="sent with each assignment")
        parser.add_argument(
            "--passthrough", metavar="JSON", help="object that the LMS gets as it is"
        )
        parser.add_argument("--source-status", default="", help="status by the LMS's own name")
        parser.add_argument("--reason", default="", help="kept in the audit log")
        parser.add_argument(
            "--start-at", metavar="'YYYY-MM-DD HH:MM'", help="in the organisation's zone"
        )
        parser.add_argument("--again", action="store_true", help="also those who have it already")
        parser.add_argument("--yes", action="store_true", help="submit without asking")
        parser.add_argument("--wait", action="store_true", help="wait until every row is settled")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: object, **options: Option) -> None:
        """Plan, confirm, submit and wait; a refusal is one sentence with exit code 1."""
        require_prepared_database()
        is_quiet = options["json"]
        _refuse_contradictory(options)
        try:
            batch = self._planned(options)
            self._show_plan(batch, is_quiet=is_quiet)
            if not (options["yes"] or self._agrees(is_quiet=is_quiet)):
                return
            batch = self._submitted(batch, options)
        except REFUSALS as refusal:
            raise CommandError(str(refusal), returncode=REFUSED) from refusal
        awaits_approval = batch.state == Batch.State.APPROVAL
        if options["wait"] and not awaits_approval:
            _deliver(batch.account, batch)
        self._report(batch, is_quiet=is_quiet)
        if options["wait"] and awaits_approval:
            raise CommandError(AWAITS_APPROVAL, returncode=NOT_ALL_CREATED)

    def _planned(self, options: dict[str, Option]) -> Batch:
        now, user = timezone.now(), manager(options["email"])
        account = open_account(user, connections.configured_accounts())
        draft = drafts.create(account=account, owner_pk=user.pk, now=now)
        drafts.set_terms(
            draft=draft,
            due_date=_due_date(options["due"], options["dates"]),
            status=options["status"],
            **{name: parse(options[name] or "") for name, parse in TERM_PARSERS.items()},
            now=now,
        )
        drafts.set_assigns_again(draft=draft, assigns_again=options["again"], now=now)
        for content in _contents(account, options["content"]):
            drafts.add_content(draft=draft, content_pk=content.pk, now=now)
        drafts.pick_learners(draft=draft, learner_pks=_learners(account, options), now=now)
        draft.refresh_from_db()
        return frozen_plan.freeze(draft=draft, now=now)

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
        if batch.due_date:
            self.stdout.write(f"Due {day(batch.due_date)}.")
            for caution in cautions(batch.due_date, today=due_dates.today(timezone.now())):
                self.stdout.write(caution)
        for reason in approval_policy.reasons(batch, now=timezone.now()):
            self.stdout.write(f"Needs another manager's approval: {reason}")
        if first:
            self.stdout.write(f"First: {first.method} {first.url}\n{json.dumps(first.body)}")

    def _agrees(self, *, is_quiet: bool) -> bool:
        if is_quiet:
            raise CommandError("Add --yes: with --json nothing is asked.")
        return input("Create these assignments? [y/N] ").strip().lower() in {"y", "yes"}

    def _report(self, batch: Batch, *, is_quiet: bool) -> None:
        batch.refresh_from_db()
        states = completion.counts(batch)
        if is_quiet:
            result = {"batch": str(batch), "plan_digest": batch.plan_digest, "state": batch.state}
            self.stdout.write(json.dumps({**result, "counts": states}))
        else:
            words = ", ".join(f"{count:,} {state}" for state, count in states.items())
            self.stdout.write(f"{batch}: {batch.get_state_display()}. {words}.")
            if batch.state == Batch.State.WAITING and batch.starts_at:
                self.stdout.write(f"Starts {moment(batch.starts_at)}.")
        if batch.finished_at and set(states) - {"created", "skipped"}:
            raise CommandError("Not every assignment was created.", returncode=NOT_ALL_CREATED)


def _refuse_contradictory(options: dict[str, Option]) -> None:
    if options["wait"] and options["start_at"]:
        raise CommandError("--wait ends when all is sent; leave it out with --start-at.")
    if options["column"] and options["all"]:
        raise CommandError("--column is about the file of --learners; leave it out with --all.")


def _deliver(account: Account, batch: Batch) -> None:
    # With or without a worker: whichever process has the account's lease sends.
    while has_unfinished_rows(batch):
        sender.deliver(account=account, clock=timezone.now, may_go_on=lambda: True)
        account.refresh_from_db()
        if account.paused_at is not None:
            raise CommandError(f"Sending is paused. {account.pause_reason}")
        time.sleep(timedelta(milliseconds=200).total_seconds())


def _due_date(text: str, dates: str | None) -> date | None:
    today, order = due_dates.today(timezone.now()), DateOrder(dates) if dates else None
    try:
        return due_dates.parse_due_date(text, today=today, order=order)
    except due_dates.DueDateRefused as refusal:
        raise CommandError(f"--due {text!r}: {refusal}") from refusal


def _contents(account: Account, references: Iterable[str]) -> list[Content]:
    lookup = ContentLookup(account.pk, references)
    contents = []
    for reference in references:
        content, problem = lookup.find(reference)
        if content is None:
            hint = " Run sync first?" if problem == NO_MATCH else ""
            raise CommandError(f"--content {reference!r}: {problem}{hint}")
        contents.append(content)
    return contents


def _learners(account: Account, options: dict[str, Option]) -> list[int]:
    people = Learner.objects.filter(account=account)
    if options["all"]:
        return list(people.filter(is_active=True).values_list("pk", flat=True))
    wanted = _names(account, options["learners"], options["column"])
    lookup = PeopleLookup(account.pk, wanted)
    people_by_name = {word: lookup.find(word).person for word in wanted}
    missing = [word for word, person in people_by_name.items() if person is None]
    if missing:
        raise CommandError(f"{len(missing)} of {len(wanted)} were not found, first {missing[0]!r}.")
    return [person.pk for person in people_by_name.values() if person]


def _names(account: Account, path: Path, column: str) -> list[str]:
    try:
        with path.open("rb") as file:
            return identifiers.read_identifiers(account.pk, file, column)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
    except UploadRefused as refusal:
        raise CommandError(f"{path}: {refusal}") from refusal
