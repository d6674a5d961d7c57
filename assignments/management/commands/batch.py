"""`manage.py batch`: list batches, show one, and do the actions of its page."""

import json
import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Final

from django.core.management import CommandError, CommandParser
from django.db.models import Q
from django.utils import timezone

from assignments.management.command_line_actor import acting_as, manager, open_account
from assignments.management.command_options import Option, reason_text
from assignments.management.desk_command import DeskCommand
from assignments.management.preparation import require_prepared_database
from assignments.models import Batch
from assignments.queries import batches, failures
from assignments.queries.formatting import moment
from assignments.services.batches import completion, control, row_decisions
from assignments.services.submitting import approval

REFUSED: Final = 1
NEWEST: Final = 50
Action = Callable[..., int | None]
BATCH_ACTIONS: Final[dict[str, tuple[Action, str]]] = {
    "hold": (control.hold, "keep it from starting until somebody starts it"),
    "undo": (control.undo, "withdraw it before anything is sent; its draft can be changed"),
    "approve": (approval.approve, "approve the plan with this hash; never one's own"),
    "reject": (approval.reject, "reject it; its submitter gets the draft back"),
    "withdraw": (approval.withdraw, "withdraw one's own batch while it waits for an approval"),
    "pause": (control.pause, "send nothing more until it is resumed"),
    "resume": (control.resume, "continue a paused batch"),
    "stop": (control.stop, "end it; what has not been sent is withdrawn"),
}
ROW_ACTIONS: Final[dict[str, tuple[Action, str]]] = {
    "retry": (row_decisions.retry, "send failed rows again, or rows that wait for a decision"),
    "accept": (
        row_decisions.accept_existing,
        "accept rows that the LMS refused because it has them already",
    ),
    "leave": (
        row_decisions.close_unconfirmed,
        "leave rows that could not be confirmed as they are",
    ),
}
START: Final = {"start": (control.start_now, "start it now instead of at its start time")}
ACTIONS: Final = {**START, **BATCH_ACTIONS, **ROW_ACTIONS}


class Command(DeskCommand):
    """List batches, show one, or act on one, with the services that the pages use."""

    help = (
        "List batches, show one, or act on one: the same as the buttons on its page, with the "
        "same entries in the audit log. Exit codes: 0 done, 1 refused, with the reason."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add a subcommand for every action."""
        subcommands = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        _add_json(subcommands.add_parser("list", help=f"the newest {NEWEST} batches"))
        show = subcommands.add_parser("show", help="one batch: its counts, and why rows failed")
        show.add_argument("batch", type=_number, metavar="B-0012")
        _add_json(show)
        for name, (_, words) in ACTIONS.items():
            _add_action(
                subcommands.add_parser(name, help=words, description=f"{words.capitalize()}."), name
            )

    def handle(self, *args: object, **options: Option) -> None:
        """Run the subcommand, and print the state of the batch after it."""
        require_prepared_database()
        if options["action"] == "list":
            self._list(is_quiet=options["json"])
            return
        batch = _batch(options["batch"])
        changed = _act(batch, options) if options["action"] in ACTIONS else None
        batch = _batch(options["batch"])
        self._show(batch, changed, is_quiet=options["json"])

    def _list(self, *, is_quiet: bool) -> None:
        newest = batches.submitted_batches().order_by("-submitted_at", "-pk")[:NEWEST]
        if is_quiet:
            self.stdout.write(json.dumps([_summary(batch) for batch in newest]))
        for batch in [] if is_quiet else newest:
            self.stdout.write(f"{batch}  {batch.state:<9}  {batch.people:>7,}  {batch.title}")

    def _show(self, batch: Batch, changed: int | None, *, is_quiet: bool) -> None:
        counts, reasons = completion.counts(batch), failures.failure_reasons(batch)
        if is_quiet:
            why = [{"count": r.count, "status": r.status, "problem": r.problem} for r in reasons]
            result = {**_summary(batch), "counts": counts, "reasons": why, "changed": changed}
            self.stdout.write(json.dumps(result))
            return
        words = ", ".join(f"{count:,} {state}" for state, count in counts.items())
        self.stdout.write(f"{batch}: {batch.get_state_display()}. {words}.")
        for line in filter(
            None, [batch.pause_reason, *_approval_lines(batch), *map(_reason, reasons)]
        ):
            self.stdout.write(f"  {line}")


def _act(batch: Batch, options: dict[str, Option]) -> int | None:
    name, user = options["action"], manager(options["email"])
    open_account(user, [batch.account])
    by = acting_as(user)
    more = {"why": options["reason"]} if "reason" in options else {}
    if name == "approve":
        more["plan_digest"] = options["plan"]
    if name in ROW_ACTIONS and options["row"]:
        more["among"] = Q(position=options["row"])
    try:
        return ACTIONS[name][0](batch=batch, by=by, now=timezone.now(), **more)
    except control.ControlRefused as refusal:
        raise CommandError(str(refusal), returncode=REFUSED) from refusal


def _batch(number: int) -> Batch:
    batch = batches.submitted_batches().filter(number=number).first()
    if batch is None:
        raise CommandError(f"There is no batch B-{number:04d}.", returncode=REFUSED)
    return batch


def _summary(batch: Batch) -> dict[str, object]:
    starts_at = batch.starts_at if batch.state == Batch.State.WAITING else None
    return {
        "batch": str(batch),
        "state": str(batch.state),
        "title": batch.title,
        "people": batch.people,
        "by": batch.by_name,
        "starts_at": starts_at.isoformat() if starts_at else None,
        "pause_reason": batch.pause_reason,
        "plan_digest": batch.plan_digest,
        "approval": _approval(batch),
    }


def _approval(batch: Batch) -> dict[str, object] | None:
    if not hasattr(batch, "approval"):
        return None
    record = batch.approval
    return {
        "reasons": record.approval_reasons,
        "expires_at": record.expires_at.isoformat(),
        "decision": record.decision,
        "by": record.decided_by_name,
        "reason": record.reason,
    }


def _approval_lines(batch: Batch) -> list[str]:
    if batch.state != Batch.State.APPROVAL:
        return []
    until = f"Plan {batch.plan_digest}, to be decided until {moment(batch.approval.expires_at)}."
    return [until, *batch.approval.approval_reasons]


def _reason(reason: failures.FailureReason) -> str:
    status = f" ({reason.status})" if reason.status else ""
    return f"{reason.count:,}: {reason.problem}{status}"


def _add_action(parser: ArgumentParser, name: str) -> None:
    parser.add_argument("batch", type=_number, metavar="B-0012")
    parser.add_argument("--as", required=True, dest="email", help="e-mail of the manager")
    if name not in START:
        parser.add_argument("--reason", default="", type=reason_text, help="kept in the audit log")
    if name == "approve":
        parser.add_argument(
            "--plan", required=True, metavar="SHA256", help="of the plan that you reviewed"
        )
    if name in ROW_ACTIONS:
        parser.add_argument("--row", type=int, help="only this row of the plan, by its number")
    _add_json(parser)


def _add_json(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def _number(text: str) -> int:
    match = re.fullmatch(r"(?:B-)?0*(\d{1,18})", text, re.IGNORECASE | re.ASCII)
    if match is None:
        raise ArgumentTypeError(f"{text!r} is not the number of a batch, such as B-0012.")
    return int(match[1])
