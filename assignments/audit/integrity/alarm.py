"""Telling somebody that the log is broken; who hears it is for the site's logging to say."""

import logging
from typing import Final

NAME: Final = "assignments.audit.alarm"
log = logging.getLogger(NAME)


def raise_alarm(sentence: str) -> None:
    """Say it at error level, under a name of its own that handlers can listen to."""
    log.error("The audit log is broken. %s", sentence)
