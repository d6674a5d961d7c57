"""Which request the work at hand is done for: known to log lines and entries, wherever it runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_request_id: Final = ContextVar("request_id", default="")


def request_id() -> str:
    """Return the id of the request that this work is done for; nothing if the clock began it."""
    return _request_id.get()


@contextmanager
def working_for(request_id: str) -> Iterator[None]:
    """Say that the block is done for the request with this id."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)
