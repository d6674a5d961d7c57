"""Entries about how the product works rather than what was done or decided with it."""

from typing import Final

from assignments.audit.entries.row_numbers import GROUP_ACTIONS

TECHNICAL: Final = sorted(GROUP_ACTIONS | {"log.forwarded"})
# These are technical only if no person asked for them.
SCHEDULED: Final = ("log.sealed", "sync.started")
