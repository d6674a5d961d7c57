"""Environment variables for tests of the code that reads them."""

from dashboard.environment import Environment


def env(**values: str) -> Environment:
    """Return an environment with these variables only."""
    environment = Environment()
    environment.ENVIRON = values
    return environment
