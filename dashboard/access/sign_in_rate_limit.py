"""How often a client may fail at a page of the sign-in: 120 times a minute, each page by itself.

What succeeds is not counted, so that nobody is stopped by colleagues who share an IP address.
"""

from collections.abc import Callable

from assignments.views.rate_limits import View, at_most


def limit_failures(*, of: str) -> Callable[[View], View]:
    """Respond with 429 after too many failures of this page within a minute.

    :param of: the name of the page's route
    """
    return at_most("120/m", of=of, counts_failures=True)
