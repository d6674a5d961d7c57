"""Find entries of the log whose hashed text names a person, usually in a reason that was typed.

They cannot be changed without breaking the log, so an erasure lists them.
"""

from typing import Final

from django.db.models import Q

from assignments.models import LogEntry
from assignments.models.sql.text_folding import fold
from assignments.models.sql.trigram_index import ENTRIES
from assignments.services.privacy import redacted_fields
from assignments.services.privacy.subjects import Subject
from assignments.services.redaction import redactable_spellings

MAX_PER_NAME: Final = 1_000


def find_entries_naming(person: Subject) -> list[int]:
    """Return the numbers of the entries whose text names the person, oldest first.

    Checks the search text of all entries, at most MAX_PER_NAME for a name, and the whole text of
    entries by or about the person.
    """
    about = Q(person=person.ref) | Q(actor=person.ref) | Q(subject=person.ref)
    candidates = set(LogEntry.objects.filter(about).values_list("seq", flat=True))
    for name in redactable_spellings(person.names):
        candidates.update(ENTRIES.rows_with([fold(name)], MAX_PER_NAME))
    bodies = LogEntry.objects.filter(seq__in_list=sorted(candidates)).values_list("seq", "body")
    return sorted(
        seq
        for seq, body in bodies.iterator(2_000)
        if redacted_fields.is_named_in(person, [bytes(body).decode()])
    )
