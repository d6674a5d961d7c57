"""The options of commands: their type, and how a reason is read."""

from argparse import ArgumentTypeError
from typing import Any, Final

LONGEST_REASON: Final = 500

# argparse returns values of the types that `add_arguments` names, which it cannot tell mypy.
type Option = Any


def reason_text(text: str) -> str:
    """Return the reason for an action.

    :raises ArgumentTypeError: if it is too long to be stored
    """
    if len(text) > LONGEST_REASON:
        raise ArgumentTypeError(f"Shorten the reason to {LONGEST_REASON} characters.")
    return text
