"""What the process of calls can be asked to do: each names its call and what it needs."""

from datetime import datetime
from typing import NamedTuple, Protocol

from assignments.stackone.api import AsyncStackOne
from assignments.stackone.resources import Created, NewAssignment, RemoteAssignment
from assignments.stackone.responses import moment


class Errand[Reply](Protocol):
    """One call, or a walk of several, with a client."""

    async def run(self, client: AsyncStackOne) -> Reply:
        """Make the call and return its reply.

        :raises StackOneError: it did not do what was asked
        """
        ...


class Assign(NamedTuple):
    """Assign content to one user, with a request that is sent once."""

    user_id: str
    new: NewAssignment

    async def run(self, client: AsyncStackOne) -> Created:
        """Make the call; see `AsyncStackOne.create_assignment`."""
        return await client.create_assignment(self.user_id, self.new)


class Seen(NamedTuple):
    """Everything the LMS holds for a person, and how many requests it took to read.

    :ivar told_at: the time on the other side's clock when it answered, if it said so
    """

    records: tuple[RemoteAssignment, ...]
    requests: int
    told_at: datetime | None = None


class LookUp(NamedTuple):
    """Read every assignment that the LMS holds for a person."""

    user_id: str

    async def run(self, client: AsyncStackOne) -> Seen:
        """Walk through the pages.

        :raises StackOneError: it could not be read; nothing is settled by that
        """
        records: list[RemoteAssignment] = []
        requests = 0
        async for page in client.user_assignment_pages(self.user_id):
            records += page.items
            requests += 1
        return Seen(tuple(records), requests, moment(client.last_headers.get("date", "")))
