"""Several things at the same time, for tests of what happens when they meet."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection


def at_once(*acts: Callable[[], object]) -> None:
    """Do all of them, each over a connection of its own, and raise what the first raised."""

    def alone(act: Callable[[], object]) -> None:
        try:
            act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        for done in [pool.submit(alone, act) for act in acts]:
            done.result()
