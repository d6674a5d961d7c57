"""Run a management command with a clock offset read from a file: `python -m … FILE COMMAND…`.

Only the time of day jumps, as when the machine's clock is set; the monotonic clock does not.
"""

import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import time_machine
from django.core.management import execute_from_command_line

LOOK_SECONDS = 0.02


def follow(path: Path) -> None:
    """Keep the clock's offset at the number of seconds in the file."""
    shown = 0.0
    traveller: time_machine.travel | None = None
    while True:
        wanted = float(path.read_text() or shown)
        if wanted != shown:
            if traveller is not None:
                traveller.stop()
            traveller = time_machine.travel(timedelta(seconds=wanted), tick=True)
            traveller.start()
            shown = wanted
        time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    threading.Thread(target=follow, args=(Path(sys.argv[1]),), daemon=True).start()
    execute_from_command_line(["manage.py", *sys.argv[2:]])
