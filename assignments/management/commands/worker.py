"""`manage.py worker`: run queued tasks and the schedule, with either engine; several may run."""

import os
import signal
import socket

from django.db import connection

from assignments import tasks
from assignments.management import engine, schedule
from assignments.management.command_options import Option
from assignments.management.desk_command import DeskCommand
from assignments.management.preparation import require_prepared_database
from assignments.services.calls import call_process


class Command(DeskCommand):
    """Run deliveries, syncs and the schedule until SIGTERM or Ctrl-C."""

    help = (
        "Run the worker: deliveries, syncs and scheduled tasks. Several may run at once, with "
        "CELERY_BROKER_URL on several machines."
    )

    def handle(self, *args: object, **options: Option) -> None:
        """Run the engine and the schedule beside it until the signal to stop."""
        require_prepared_database()
        # From here on every thread has a connection of its own, and this one needs none.
        connection.close()
        call_process.start_forkserver()
        name = f"{socket.gethostname()}:{os.getpid()}"
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: tasks.stopping.set())
        selected = engine.selected_engine()
        with schedule.running(name, selected):
            self.stdout.write(f"Worker {name} ready.")
            selected.run(name)
