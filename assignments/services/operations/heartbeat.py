"""Worker heartbeats, from which pages and checks see whether a worker is running."""

from datetime import datetime, timedelta
from typing import Final

from assignments.models import Worker

DELETED_AFTER: Final = timedelta(days=1)


def record_heartbeat(*, name: str, now: datetime) -> None:
    """Record that a worker is running; delete workers that have not been seen for a day."""
    Worker.objects.update_or_create(name=name, defaults={"seen_at": now})
    Worker.objects.filter(seen_at__lt=now - DELETED_AFTER).delete()


def remove_worker(*, name: str) -> None:
    """Delete a worker that shuts down."""
    Worker.objects.filter(name=name).delete()
