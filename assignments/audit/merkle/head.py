"""Reading the log's head, which may be damaged."""

from assignments.audit.merkle.tree import Frontier
from assignments.models import LogHead


def recorded_tree() -> Frontier | None:
    """Return the tree that the head records; None if the head is missing or cannot be read."""
    head = LogHead.objects.first()
    return tree_from(head.size, head.frontier) if head else None


def tree_from(size: int, joined: bytes | memoryview) -> Frontier | None:
    """Return the tree with this size and these roots; None if they do not fit each other."""
    try:
        return Frontier.from_bytes(size, bytes(joined))
    except ValueError:
        return None
