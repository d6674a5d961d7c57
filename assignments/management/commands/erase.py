"""`manage.py erase`: erase a person's personal data, as the page under Settings does."""

import json
from dataclasses import asdict
from typing import Final

from django.core.management import CommandError, CommandParser
from django.utils import timezone

from assignments.management.command_line_actor import acting_as, administrator
from assignments.management.command_options import Option
from assignments.management.confirmation import confirm
from assignments.management.desk_command import DeskCommand
from assignments.management.preparation import require_prepared_database
from assignments.queries import privacy
from assignments.services.privacy.erasure import ErasureRefused, ErasureResult, erase
from assignments.services.privacy.preview import ErasurePreview, preview_erasure
from assignments.services.privacy.subjects import Subject, find_subject

REFUSED: Final = 1
PREVIEW: Final = """\
{person} ({ref}) will be erased: name, addresses, IDs and custom fields, and {values} values beside
the log. {rows} assignments and {entries} entries stay, as those of "an erased person", and the log
verifies as before.
It cannot be undone. What was downloaded or backed up before is not reached.
"""


class Command(DeskCommand):
    """Erase somebody, as an administrator."""

    help = (
        "Erase the personal data of one person for good: somebody of the LMS, or somebody who "
        "signed in here and has left. Exit codes: 0 done, 1 refused, with the reason."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the person, the administrator and the reason."""
        parser.add_argument(
            "person", help="a ref such as learner/12 or user/3, or words that only one person has"
        )
        parser.add_argument("--as", required=True, dest="email", help="e-mail of the administrator")
        parser.add_argument("--reason", required=True, help="kept in the audit log; name nobody")
        parser.add_argument("--dry-run", action="store_true", help="print what would be erased")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: object, **options: Option) -> None:
        """Print what will be erased, ask, and erase it."""
        require_prepared_database()
        by, person = acting_as(administrator(options["email"])), _subject(options["person"])
        seen = preview_erasure(person, by=by, now=timezone.now())
        if seen.blockers:
            raise CommandError(" ".join(seen.blockers), returncode=REFUSED)
        if options["dry_run"]:
            self.stdout.write(json.dumps(_facts(seen)) if options["json"] else _preview_text(seen))
            return
        if not options["yes"] and not self._is_sure(seen):
            raise CommandError("Nothing was erased.", returncode=REFUSED)
        try:
            done = erase(ref=person.ref, reason=options["reason"], by=by, now=timezone.now())
        except ErasureRefused as refusal:
            raise CommandError(str(refusal), returncode=REFUSED) from refusal
        self.stdout.write(json.dumps(asdict(done)) if options["json"] else _result_text(done))

    def _is_sure(self, seen: ErasurePreview) -> bool:
        self.stderr.write(_preview_text(seen))
        return confirm("Erase for good?")


def _subject(person: str) -> Subject:
    exact = find_subject(person)
    if exact is not None:
        return exact
    refs = [f"learner/{learner.pk}" for learner in privacy.matching_learners(person)]
    refs += [f"user/{user.pk}" for user in privacy.matching_users(person)]
    if len(refs) > 1:
        raise CommandError(f"That fits several: {', '.join(refs)}. Name one.", returncode=REFUSED)
    only = find_subject(refs[0]) if refs else None
    if only is None:
        raise CommandError(f"Nobody matches {person!r}.", returncode=REFUSED)
    return only


def _facts(seen: ErasurePreview) -> dict[str, object]:
    return {
        "ref": seen.person.ref,
        "values": seen.values,
        "rows": seen.rows,
        "entries": seen.entries,
        "naming_entries": seen.naming_entries,
        "other_refs": seen.other_refs,
    }


def _preview_text(seen: ErasurePreview) -> str:
    text = PREVIEW.format(person=seen.person, **_facts(seen))
    sealed = ", ".join(map(str, seen.naming_entries))
    more = f"Text that somebody typed names them in these entries and stay: {sealed}.\n"
    others = f"The same e-mail is known as {', '.join(seen.other_refs)} as well.\n"
    return f"{text}{more if sealed else ''}{others if seen.other_refs else ''}"


def _result_text(done: ErasureResult) -> str:
    sealed = ", ".join(map(str, done.naming_entries))
    more = f" These entries name them in words that somebody typed: {sealed}." if sealed else ""
    return (
        f"{done.ref} is erased, as entry {done.entry} says. {done.rows:,} rows still count.{more}"
    )
