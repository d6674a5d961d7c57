"""Batches from the shell: see how they stand, and do to them what their page does."""

import json
import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Any, Final

from django.core.management import BaseCommand, CommandError, CommandParser
from django.db.models import Q
from django.utils import timezone

from assignments.management.command_line_actor import acting_as, manager, open_account
from assignments.management.preparation import require_prepared_database
from assignments.models import Batch
from assignments.queries import batches, failures
from assignments.queries.formatting import moment
from assignments.services.batches import completion, control, row_decisions
from assignments.services.submitting import approval

REFUSED: Final = 1
NEWEST: Final = 50
LONGEST_REASON: Final = 500
Act = Callable[..., int | None]
WHOLE: Final[dict[str, tuple[Act, str]]] = {
    "hold": (control.hold, "keep it from starting until somebody starts it"),
    "undo": (control.undo, "withdraw it before anything left; its draft can be changed"),
    "approve": (approval.approve, "let the plan with this hash be sent; never one's own"),
    "reject": (approval.reject, "send none of it; its submitter gets the draft back"),
    "withdraw": (approval.withdraw, "take one's own batch back while it waits for an approval"),
    "pause": (control.pause, "send nothing more until it is resumed"),
    "resume": (control.resume, "go on with a paused batch"),
    "stop": (control.stop, "end it; what has not left is withdrawn"),
}
ROWS: Final[dict[str, tuple[Act, str]]] = {
    "retry": (row_decisions.retry, "send what failed again, or what waits for a person"),
    "accept": (row_decisions.accept, "accept what the LMS refused because it has it already"),
    "leave": (row_decisions.leave, "leave what could not be confirmed as it is"),
}
START: Final = {"start": (control.start_now, "start it now instead of at its time")}
ACTS: Final = {**START, **WHOLE, **ROWS}


class Command(BaseCommand):
    """Look at batches, or act on one through the services that the pages use."""

    help = (
        "List batches, show one, or act on one: the same as the buttons on its page, with the "
        "same entries in the audit log. Exit codes: 0 done, 1 refused, with the reason."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add a way in for every act."""
        ways = parser.add_subparsers(dest="way", required=True, metavar="ACTION")
        _add_json(ways.add_parser("list", help=f"the newest {NEWEST} batches"))
        show = ways.add_parser("show", help="one batch: its counts, and why rows failed")
        show.add_argument("batch", type=_number, metavar="B-0012")
        _add_json(show)
        for name, (_, words) in ACTS.items():
            _add_act(ways.add_parser(name, help=words, description=f"{words.capitalize()}."), name)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what was asked and say how the batch stands then."""
        require_prepared_database()
        if options["way"] == "list":
            self._list(is_quiet=options["json"])
            return
        batch = _found(options["batch"])
        changed = _act(batch, options) if options["way"] in ACTS else None
        batch = _found(batch.pk)
        self._show(batch, changed, is_quiet=options["json"])

    def _list(self, *, is_quiet: bool) -> None:
        newest = batches.submitted_batches().order_by("-submitted_at", "-pk")[:NEWEST]
        found = [_summary(batch) for batch in newest]
        if is_quiet:
            self.stdout.write(json.dumps(found))
        for one in [] if is_quiet else found:
            self.stdout.write(
                f"{one['batch']}  {one['state']:<9}  {one['people']:>7,}  {one['title']}"
            )

    def _show(self, batch: Batch, changed: int | None, *, is_quiet: bool) -> None:
        counts, reasons = completion.counts(batch), failures.failure_reasons(batch)
        if is_quiet:
            why = [{"count": r.count, "status": r.status, "problem": r.problem} for r in reasons]
            told = {**_summary(batch), "counts": counts, "reasons": why, "changed": changed}
            self.stdout.write(json.dumps(told))
            return
        words = ", ".join(f"{count:,} {state}" for state, count in counts.items())
        self.stdout.write(f"{batch}: {batch.get_state_display()}. {words}.")
        for line in filter(None, [batch.pause_reason, *_asked(batch), *map(_reason, reasons)]):
            self.stdout.write(f"  {line}")


def _act(batch: Batch, options: dict[str, Any]) -> int | None:
    name, user = options["way"], manager(options["email"])
    open_account(user, [batch.account])
    by = acting_as(user)
    more = {"why": options["reason"]} if "reason" in options else {}
    if name == "approve":
        more["plan_digest"] = options["plan"]
    if name in ROWS and options["row"]:
        more["among"] = Q(position=options["row"])
    try:
        return ACTS[name][0](batch=batch, by=by, now=timezone.now(), **more)
    except control.ControlRefused as refusal:
        raise CommandError(str(refusal), returncode=REFUSED) from refusal


def _found(number: int) -> Batch:
    batch = batches.submitted_batches().filter(pk=number).first()
    if batch is None:
        raise CommandError(f"There is no batch B-{number:04d}.", returncode=REFUSED)
    return batch


def _summary(batch: Batch) -> dict[str, Any]:
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


def _approval(batch: Batch) -> dict[str, Any] | None:
    if not hasattr(batch, "approval"):
        return None
    asked = batch.approval
    return {
        "reasons": asked.approval_reasons,
        "expires_at": asked.expires_at.isoformat(),
        "decision": asked.decision,
        "by": asked.decided_by_name,
        "reason": asked.reason,
    }


def _asked(batch: Batch) -> list[str]:
    if batch.state != Batch.State.APPROVAL:
        return []
    until = f"Plan {batch.plan_digest}, to be decided until {moment(batch.approval.expires_at)}."
    return [until, *batch.approval.approval_reasons]


def _reason(reason: failures.FailureReason) -> str:
    status = f" ({reason.status})" if reason.status else ""
    return f"{reason.count:,}: {reason.problem}{status}"


def _add_act(parser: ArgumentParser, name: str) -> None:
    parser.add_argument("batch", type=_number, metavar="B-0012")
    parser.add_argument("--as", required=True, dest="email", help="e-mail of the manager")
    if name not in START:
        parser.add_argument("--reason", default="", type=_reason_text, help="kept in the audit log")
    if name == "approve":
        parser.add_argument(
            "--plan", required=True, metavar="SHA256", help="of the plan that you looked at"
        )
    if name in ROWS:
        parser.add_argument("--row", type=int, help="only this row of the plan, by its number")
    _add_json(parser)


def _add_json(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def _number(text: str) -> int:
    found = re.fullmatch(r"(?:B-)?0*(\d{1,18})", text, re.IGNORECASE | re.ASCII)
    if found is None:
        raise ArgumentTypeError(f"{text!r} is not the number of a batch, such as B-0012.")
    return int(found[1])


def _reason_text(text: str) -> str:
    if len(text) > LONGEST_REASON:
        raise ArgumentTypeError(f"Shorten the reason to {LONGEST_REASON} characters.")
    return text
