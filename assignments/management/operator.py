"""The person at the shell: who runs a command, as the audit log names them."""

import getpass
import socket
import uuid

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
