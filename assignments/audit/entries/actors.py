"""Who does something, and whom an entry speaks of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody who acts, and through what: a page, a command or a worker on their behalf.

    `session` is an opaque public id of the sign-in session, never its cookie.
    """

    ref: str
    means: str
    name: str = ""
    email: str = ""
    session: str = ""
    ip: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody an entry speaks of; what is not empty stands in the entry as a commitment."""

    ref: str
    name: str = ""
    email: str = ""
    reference: str = ""


SYSTEM = Actor(ref="system", means="worker")
