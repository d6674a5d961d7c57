"""How pages look for a person; a change is an entry like every other change of state."""

from datetime import datetime

from django.contrib.auth import get_user_model
from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.log import Event, record


@transaction.atomic
def set_display(*, user_pk: int, theme: str, density: str, by: Actor, now: datetime) -> None:
    """Keep the theme and the density of a person's pages."""
    chosen = {"theme": theme, "density": density}
    get_user_model().objects.filter(pk=user_pk).update(**chosen)
    event = Event(action="settings.changed", subject=by.ref, result="changed", detail=chosen)
    record(event, by=by, at=now)
