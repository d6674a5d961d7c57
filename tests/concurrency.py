"""Run functions at the same time, for tests of concurrency."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection


def run_concurrently(*functions: Callable[[], object]) -> None:
    """Run the functions in threads with a connection each; raise the first one's exception."""

    def run(function: Callable[[], object]) -> None:
        try:
            function()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(functions)) as pool:
        for future in [pool.submit(run, function) for function in functions]:
            future.result()
