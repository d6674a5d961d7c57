"""The person at the shell: who runs a command, as the audit log names them."""

import getpass
import socket
import uuid
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import CommandError

from assignments.audit.actors import Actor


def operator() -> Actor:
    """Return the operating system's user as an actor; there is no sign-in at the shell."""
    name = getpass.getuser()
    return Actor(
        ref=f"operator/{name}"[:60],
        name=f"{name} on {socket.gethostname()}",
        means="command",
        request_id=str(uuid.uuid4()),
    )


def manager(email: str) -> Any:
    """Return the manager with this e-mail, on whose behalf a command acts.

    :raises CommandError: if there is none, or the person is not a manager
    """
    user = get_user_model().objects.filter(email=email).first()
    if user is None or not user.has_perm("assignments.assign"):
        raise CommandError(f"{email} is not a manager who has signed in once.")
    return user


def acting_as(user: Any) -> Actor:
    """Return a person of the desk as the actor of what a command does."""
    return Actor(
        ref=f"user/{user.pk}",
        name=str(user),
        email=user.get_username(),
        means="command",
        request_id=str(uuid.uuid4()),
    )
