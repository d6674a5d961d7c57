"""An environment for tests of what is read from it."""

import environ


def env(**values: str) -> environ.Env:
    """Return an environment with these variables only."""
    found = environ.Env()
    found.ENVIRON = values
    return found
