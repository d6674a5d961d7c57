"""`manage.py worker`: run queued tasks and the schedule, with either engine; several may run."""

import os
import signal
import socket
from typing import Final

from django.db import connection

from assignments import tasks
from assignments.database_errors import UNAVAILABLE_ERRORS, first_line
from assignments.management import engine, schedule
from assignments.management.command_options import Option
from assignments.management.desk_command import DeskCommand
from assignments.management.preparation import require_prepared_database
from assignments.services.calls import call_process

RETRY_SECONDS: Final = 1.0


class Command(DeskCommand):
    """Run deliveries, syncs and the schedule until SIGTERM or Ctrl-C."""

    help = (
        "Run the worker: deliveries, syncs and scheduled tasks. Several may run at once, with "
        "CELERY_BROKER_URL on several machines."
    )

    def handle(self, *args: object, **options: Option) -> None:
        """Run the engine and the schedule beside it until the signal to stop."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: tasks.stopping.set())
        self._wait_for_database()
        if tasks.stopping.is_set():
            return
        # From here on every thread has a connection of its own, and this one needs none.
        connection.close()
        call_process.start_forkserver()
        name = f"{socket.gethostname()}:{os.getpid()}"
        selected = engine.selected_engine()
        with schedule.running(name, selected):
            self.stdout.write(f"Worker {name} ready.")
            # In a file or a journal it would be seen only when the worker ends.
            self.stdout.flush()
            selected.run(name)

    def _wait_for_database(self) -> None:
        """Wait until the database can be read, as while it recovers; say so once.

        :raises CommandError: if the database is not up to date
        """
        has_warned = False
        while not tasks.stopping.is_set():
            try:
                require_prepared_database()
            except UNAVAILABLE_ERRORS as error:
                connection.close()
                if not has_warned:
                    self.stderr.write(f"Waiting for the database: {first_line(error)}")
                has_warned = True
                tasks.stopping.wait(RETRY_SECONDS)
            else:
                return
