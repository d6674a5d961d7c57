"""Entries whose hashed words name somebody: a reason that somebody typed, as a rule.

They cannot be changed without being found out, so an erasure says which they are.
"""

from typing import Final

from django.db.models import Q

from assignments.models import LogEntry
from assignments.models.sql.text_folding import fold
from assignments.models.sql.trigram_index import ENTRIES
from assignments.services.privacy import redacted_fields
from assignments.services.privacy.subjects import Subject
from assignments.services.redaction import spellings

MOST: Final = 1_000


def entries_naming(whom: Subject) -> list[int]:
    """Return the numbers of the entries that name the person in clear, the oldest first.

    Looks at the words that a search finds, and at everything in entries about the person.
    """
    about = Q(person=whom.ref) | Q(actor=whom.ref) | Q(subject=whom.ref)
    found = set(LogEntry.objects.filter(about).values_list("seq", flat=True))
    for name in spellings(whom.names):
        found.update(ENTRIES.rows_with([fold(name)], MOST))
    bodies = LogEntry.objects.filter(seq__in_list=sorted(found)).values_list("seq", "body")
    return sorted(
        seq
        for seq, body in bodies.iterator(2_000)
        if redacted_fields.names_somebody(whom, [bytes(body).decode()])
    )
