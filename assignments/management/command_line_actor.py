"""The person at the shell: who runs a command, as the audit log names them."""

import getpass
import socket
import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import CommandError

from assignments.audit.entries.actors import Actor
from assignments.models import Account
from assignments.queries.account_scope import forbidden_accounts


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

    :raises CommandError: if there is none or more than one, or the person is not a manager
    """
    return _who_may("assignments.assign", email, "a manager", "managers")


def administrator(email: str) -> Any:
    """Return the administrator with this e-mail, on whose behalf a command acts.

    :raises CommandError: if there is none or more than one, or the person is no administrator
    """
    return _who_may("assignments.erase_people", email, "an administrator", "administrators")


def _who_may(permission: str, email: str, one: str, many: str) -> Any:
    users = get_user_model().objects.filter(email=email)
    found = [user for user in users if user.has_perm(permission)]
    if not found:
        raise CommandError(f"{email} is not {one} who has signed in once.")
    if len(found) > 1:
        raise CommandError(f"{email} is the e-mail of two {many}. Close the account of one.")
    return found[0]


def open_account(user: Any, accounts: Sequence[Account]) -> Account:
    """Return the first of the accounts in which the manager may assign.

    :raises CommandError: if all of them are for other groups
    """
    closed = forbidden_accounts(user)
    for account in accounts:
        if account.remote_id not in closed:
            return account
    raise CommandError(f"{user.get_username()} may assign in no such account. See ACCOUNT_GROUPS.")


def acting_as(user: Any) -> Actor:
    """Return a person of the desk as the actor of what a command does."""
    return Actor(
        ref=f"user/{user.pk}",
        name=str(user),
        email=user.get_username(),
        means="command",
        request_id=str(uuid.uuid4()),
    )
