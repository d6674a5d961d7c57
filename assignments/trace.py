"""The id of the request that the current work is done for, for log lines and log entries."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_request_id: Final = ContextVar("request_id", default="")


def request_id() -> str:
    """Return the id of the request that this work is done for; "" for work of the schedule."""
    return _request_id.get()


@contextmanager
def bind_request_id(request_id: str) -> Iterator[None]:
    """Set the id of the request that the block's work is done for."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)
