"""Commands for the child process that makes calls: picklable descriptions of what to call."""

from datetime import datetime
from typing import NamedTuple, Protocol

from assignments.stackone.api import AsyncStackOne
from assignments.stackone.resources import CreatedAssignment, NewAssignment, RemoteAssignment
from assignments.stackone.responses import parse_http_date


class Command[Result](Protocol):
    """One call, or several that page through a list, made with a client."""

    async def run(self, client: AsyncStackOne) -> Result:
        """Make the call and return its result.

        :raises StackOneError: the call failed
        """
        ...


class CreateAssignment(NamedTuple):
    """Assign content to one user, with a request that is sent once."""

    user_id: str
    new: NewAssignment

    async def run(self, client: AsyncStackOne) -> CreatedAssignment:
        """Make the call; see `AsyncStackOne.create_assignment`."""
        return await client.create_assignment(self.user_id, self.new)


class UserAssignments(NamedTuple):
    """All assignments that the LMS has for a user, and how many requests it took to read them.

    :ivar responded_at: the Date header of the last response (the LMS's clock, UTC), if there is one
    """

    records: tuple[RemoteAssignment, ...]
    requests: int
    responded_at: datetime | None = None


class ReadUserAssignments(NamedTuple):
    """Read all assignments that the LMS has for a user."""

    user_id: str

    async def run(self, client: AsyncStackOne) -> UserAssignments:
        """Read every page.

        :raises StackOneError: a page could not be read, so nothing can be concluded
        """
        records: list[RemoteAssignment] = []
        requests = 0
        async for page in client.user_assignment_pages(self.user_id):
            records += page.items
            requests += 1
        date = parse_http_date(client.last_headers.get("date", ""))
        return UserAssignments(tuple(records), requests, date)
