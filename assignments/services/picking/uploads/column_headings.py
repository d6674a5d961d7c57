"""What the heading of a column says about its cells, in the languages of the files we meet."""

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from assignments.models.sql.text_folding import fold
from assignments.services.picking.identifier_forms import comparable
from assignments.services.picking.uploads.errors import UploadRefused

_CAMEL_CASE: Final = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
_NOT_LETTERS: Final = re.compile(r"[^\w]+|_+")
# Patterns are for headings without accents, in lower case, with one space between words. The
# languages are English, German, French, Spanish, Portuguese, Italian, Dutch and Polish.
_MANAGER: Final = re.compile(
    r"manager|supervis|approver|approved by|assigned by|created by|\breports? to\b|\bboss\b"
    r"|\b(?:requested|submitted|uploaded|entered|updated|modified|changed|nominated) by\b"
    r"|requester|requestor|nominator|reviewer|\bowner\b|\bhead of\b|\bn 1\b|\bhrbp\b"
    r"|escalation|instructor|\btrainer\b|\btutor\b|coordinator|\bcontact person\b"
    r"|\bmgr\b|\bteam ?lead|\bmentor|\bbuddy\b|\bcoach\b|\bsponsor|business partner|\bemergency\b"
    r"|vorgesetzt|fuhrungskraft|genehmig|teamlei|leiter\b|leitung\b|ansprechpartner|beantragt|angefordert|responsab|hierarchi|superieur|approbateur|\bjefe\b"
    r"|\bjefa\b|aprobador|gestor|gerente|\blider\b|\bchefe\b|aprovador|superiore|approvatore"
    r"|leidinggevend|goedkeurder|przelozon|kierownik"
)
_PERSON: Final = re.compile(
    r"\be ?mails?\b|\bmails?\b|courriel|correo|\bids?\b|employee|personnel|personaln|\bperson\b"
    r"|\bpeople\b"
    r"|staff|worker|\busers?\b|username|\blogin|\bupn\b|learner|participant|colleague|\bmember\b"
    r"|associate|mitarbeit|teilnehm|salarie|matricul|emplead|colaborador|funcionari|dipendent"
    r"|medewerker|pracowni|uczestni"
)
# Of two words at most, as data may have a sentence with “e-mail” in it.
_IDENTIFIER: Final = re.compile(
    r"(?:\w+ )?(?:e ?mails?|mails?|ids?|courriel|correo|matricule|login|user ?name|upn)"
    r"(?: address)?"
)
_DUE_DATE: Final = re.compile(
    r"\bdue\b|\bdue ?date|\bdead ?line|\bfallig|\bfrist\b|\bfristende|\btermin\b|\bstichtag"
    r"|\becheance|\bdate (?:limite|butoir)|\bfecha (?:limite|tope|de vencimiento)|\bvencimiento"
    r"|\bplazo\b|\bscadenza|\bprazo\b|\bdata limite|\bdata de vencimento|\bvencimento"
    r"|\bvervaldatum|\buiterste datum|\buiterlijk|\btermin (?:realizacji|wykonania)"
)
_END_DATE: Final = re.compile(
    r"\buntil\b|\bcomplete by\b|\bfinish|\bend date\b|\bbis\b|\bjusqu|\bhasta\b|\bate\b|\bfino al"
    r"|\bentro\b|\btot\b|\bafronden\b|\bdo kiedy\b"
)


class DueHeading(IntEnum):
    """How clearly a heading is that of a column of due dates."""

    NO = 0
    PERHAPS = 1
    CLEARLY = 2


def names_managers(heading: str) -> bool:
    """Return whether a column names managers, approvers and such, not those who get assignments."""
    return bool(_MANAGER.search(_plain(heading)))


def identifies_people(heading: str) -> bool:
    """Return whether a heading announces what identifies a person, such as “Work e-mail”."""
    return bool(_PERSON.search(_plain(heading))) and not names_managers(heading)


def names_identifiers(cell: str) -> bool:
    """Return whether a cell is the name of a column of e-mails or IDs, and nothing else."""
    return bool(_IDENTIFIER.fullmatch(_plain(cell)))


def column_named(name: str, heading: Sequence[str]) -> int:
    """Return the index of the column with this heading.

    :raises UploadRefused: if there is none, or several
    """
    names, wanted = list(map(comparable, heading)), comparable(name)
    count = names.count(wanted)
    if count > 1:
        raise UploadRefused(f"It has {count} columns “{name}”. Rename all but one of them.")
    if not count:
        raise UploadRefused(f"It has no column “{name}”; it has {', '.join(heading)}.")
    return names.index(wanted)


def heading_note(row: int, name: str) -> str:
    """Return a sentence about a heading that may be the first person, or "" if it is clear.

    :param row: the number of its row; 0 if the file has none
    :param name: the heading of the column of people
    """
    if not row or identifies_people(name):
        return ""
    return (
        f"Row {row:,} is read as the names of the columns, with “{name}” above the people. If it "
        "is about a person, put a row with the names of the columns above it."
    )


def due_heading(heading: str) -> DueHeading:
    """Return how clearly a heading announces due dates: “Deadline” more than “Until”."""
    plain = _plain(heading)
    if _DUE_DATE.search(plain):
        return DueHeading.CLEARLY
    return DueHeading.PERHAPS if _END_DATE.search(plain) else DueHeading.NO


def _plain(heading: str) -> str:
    """Return a heading in lower case, without accents, with one space between its words."""
    return " ".join(_NOT_LETTERS.sub(" ", fold(_CAMEL_CASE.sub(" ", heading))).split())
