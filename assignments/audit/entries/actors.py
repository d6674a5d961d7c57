"""The actor of a log entry, and the people whom it is about."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts, and by which `means`: a page, the API, a command or a worker on their behalf.

    `ref` is an opaque id such as `user/2`. `session` is a public id of the sign-in session, never
    its cookie. `name`, `email` and `ip` enter the entry as commitments.
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
    """A person whom an entry is about; their values enter the entry as commitments."""

    ref: str
    name: str = ""
    email: str = ""
    reference: str = ""


SYSTEM = Actor(ref="system", means="worker")
