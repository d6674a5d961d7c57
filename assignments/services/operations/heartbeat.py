"""Which workers are alive, so that pages can say when none is."""

from datetime import datetime, timedelta
from typing import Final

from assignments.models import Worker

GONE_AFTER: Final = timedelta(days=1)


def note_seen(*, name: str, now: datetime) -> None:
    """Remember that the worker is alive, and forget those that have been gone for a day."""
    Worker.objects.update_or_create(name=name, defaults={"seen_at": now})
    Worker.objects.filter(seen_at__lt=now - GONE_AFTER).delete()


def leave(*, name: str) -> None:
    """Forget a worker that ends in good order."""
    Worker.objects.filter(name=name).delete()
