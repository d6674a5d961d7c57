"""The actor of a command: the operating system's user, or the person it acts for with --as."""

from __future__ import annotations

import getpass
import socket
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.core.management import CommandError

from assignments.audit.entries.actors import Actor
from assignments.models import Account
from assignments.queries.account_scope import forbidden_accounts

if TYPE_CHECKING:
    # django-stubs resolves this to AUTH_USER_MODEL, which the app must not import by its name.
    from django.contrib.auth.models import _User as User


def operator() -> Actor:
    """Return the operating system's user as the actor; there is no sign-in on the command line."""
    name = getpass.getuser()
    return Actor(
        ref=f"operator/{name}"[:60],
        name=f"{name} on {socket.gethostname()}",
        means="command",
        request_id=str(uuid.uuid4()),
    )


def manager(email: str) -> User:
    """Return the manager with this e-mail, for whom a command acts.

    :raises CommandError: if there is none or more than one, or the person is not a manager
    """
    return _user_who_may("assignments.assign", email, "a manager", "managers")


def administrator(email: str) -> User:
    """Return the administrator with this e-mail, for whom a command acts.

    :raises CommandError: if there is none or more than one, or the person is no administrator
    """
    return _user_who_may("assignments.erase_people", email, "an administrator", "administrators")


def _user_who_may(permission: str, email: str, role: str, roles: str) -> User:
    same_email = get_user_model().objects.filter(email=email)
    users = [user for user in same_email if user.has_perm(permission)]
    if not users:
        raise CommandError(f"{email} is not {role} who has signed in once.")
    if len(users) > 1:
        raise CommandError(f"{email} is the e-mail of two {roles}. Close the account of one.")
    return users[0]


def open_account(user: User, accounts: Sequence[Account], remote_id: str = "") -> Account:
    """Return the account in which the manager wants to assign.

    :param remote_id: the StackOne id of the account; empty if there is only one
    :raises CommandError: if there is no such account, the manager may not assign in it, or there
        are several and none is named
    """
    closed = forbidden_accounts(user)
    permitted = [account for account in accounts if account.remote_id not in closed]
    named = [account for account in permitted if remote_id in {"", account.remote_id}]
    if not named:
        raise CommandError(
            f"{user.get_username()} may assign in no such account. See ACCOUNT_GROUPS."
        )
    if len(named) > 1:
        names = ", ".join(f"{account.remote_id} ({account})" for account in named)
        raise CommandError(f"Add --account with one of: {names}.")
    return named[0]


def acting_as(user: User) -> Actor:
    """Return a user of Assignment Desk as the actor of what a command does."""
    return Actor(
        ref=f"user/{user.pk}",
        name=str(user),
        email=user.get_username(),
        means="command",
        request_id=str(uuid.uuid4()),
    )
