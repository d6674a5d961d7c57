"""Report that the log is damaged; the site's logging settings decide who is notified."""

import logging
from typing import Final

NAME: Final = "assignments.audit.alarm"
logger = logging.getLogger(NAME)


def raise_alarm(sentence: str) -> None:
    """Log the sentence as an error, under a logger name that handlers can listen to."""
    logger.error("The audit log is broken. %s", sentence)
