"""Run one part of a script as a process of its own, and print its measurements as JSON."""

import json
import sys
from collections.abc import Callable, Mapping

import django


def run_part(parts: Mapping[str, Callable[..., Mapping[str, object]]]) -> None:
    """Set Django up and run the part that the command line names, with the words after it."""
    django.setup()
    name, *words = sys.argv[1:]
    print(json.dumps(parts[name](*words)))
