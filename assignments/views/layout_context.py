"""Template context of every page's layout: navigation, connection status, and the person."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from assignments.queries.account_scope import distinct_names, visible_accounts
from assignments.queries.connection_status import ConnectionStatus, connection_status
from assignments.views.query_params import chosen_account

if TYPE_CHECKING:
    from assignments.models import Account

PLACES: Final = (
    ("Overview", "home", "assignments.assign"),
    ("Batches", "batches", "assignments.view_batch"),
    ("People", "people", "assignments.view_directory"),
    ("Content", "content-list", "assignments.view_directory"),
    ("Audit log", "audit", "assignments.view_log"),
    ("Exports", "exports", "assignments.export_log"),
)
ROLES: Final = {"manager": "L&D manager", "auditor": "Auditor", "admin": "Administrator"}


class Frame:
    """Answers the frame's questions when the template asks, so that parts cost nothing."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    def places(self) -> list[dict[str, object]]:
        """Return the links of the navigation that the person may follow."""
        path = self._request.path
        places = []
        for name, route, permission in PLACES:
            if self._request.user.has_perm(permission):
                url = reverse(route)
                is_here = path == url if route == "home" else path.startswith(url)
                places.append({"name": name, "url": url, "is_here": is_here})
        return places

    @cached_property
    def accounts(self) -> list[Account]:
        """The accounts that the person may see."""
        user = self._request.user
        return visible_accounts(user) if user.is_authenticated else []

    @cached_property
    def connection(self) -> ConnectionStatus:
        """The status of the connection to these accounts."""
        return connection_status(self.accounts, now=timezone.now())

    def notice(self) -> str:
        """Return what is wrong for everybody, if something is."""
        return self.connection.notice if self._request.user.is_authenticated else ""

    @cached_property
    def account_names(self) -> dict[int, str]:
        """The names of the accounts that the person may see; none if there is only one."""
        return distinct_names(self.accounts) if len(self.accounts) > 1 else {}

    @property
    def account(self) -> int | None:
        """The primary key of the account by which the page's list is filtered."""
        return chosen_account(self._request)

    def initials(self) -> str:
        """Return the first letters of the person's first and last name."""
        names = str(self._request.user).split()
        return "".join(name[0] for name in (names[:1] + names[1:][-1:])).upper()

    def roles(self) -> str:
        """Return the names of the person's roles."""
        return ", ".join(ROLES.get(role, role) for role in getattr(self._request.user, "roles", []))


def frame(request: HttpRequest) -> dict[str, Frame]:
    """Return the frame for the template context."""
    return {"frame": Frame(request)}
