"""Append entries to the log as one of several: `python -m tests.crash.writer NUMBER ENTRIES`.

Appends groups of random sizes, and prints the numbers of the entries as JSON.
"""

import json
import os
import random
import sys

import django

MOST_AT_ONCE = 40


def main(number: int, entries: int) -> None:
    """Write the entries."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "dashboard.settings"
    django.setup()
    from django.db import transaction  # noqa: PLC0415  Django comes first
    from django.utils import timezone  # noqa: PLC0415

    from assignments.audit.entries.actors import Actor, Person  # noqa: PLC0415
    from assignments.audit.log import Event, record_all  # noqa: PLC0415

    chance, written = random.Random(number), list[int]()
    by = Actor(ref=f"user/{number}", means="worker", name=f"Writer {number}")
    while len(written) < entries:
        size = min(chance.randint(1, MOST_AT_ONCE), entries - len(written))
        people = [Person(ref=f"learner/{chance.randrange(50)}", name="Ada") for _ in range(size)]
        events = [Event(action="assignment.created", people=(person,)) for person in people]
        with transaction.atomic():
            written += record_all(events, by=by, at=timezone.now())
    sys.stdout.write(json.dumps(written))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
