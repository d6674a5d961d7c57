"""Display preferences of a user; changes are recorded in the audit log."""

from datetime import datetime

from django.contrib.auth import get_user_model
from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.log import Event, record


@transaction.atomic
def set_display(*, user_pk: int, theme: str, density: str, by: Actor, now: datetime) -> None:
    """Set the theme and the density of the pages for a user."""
    preferences = {"theme": theme, "density": density}
    get_user_model().objects.filter(pk=user_pk).update(**preferences)
    event = Event(action="settings.changed", subject=by.ref, result="changed", detail=preferences)
    record(event, by=by, at=now)
