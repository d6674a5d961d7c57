"""Read the tree of the log's head, which may be damaged."""

from assignments.audit.merkle.tree import Frontier
from assignments.models import LogHead


def recorded_tree() -> Frontier | None:
    """Return the tree that the head records; None if the head is missing or unreadable."""
    head = LogHead.objects.first()
    return tree_from(head.size, head.frontier) if head else None


def tree_from(size: int, frontier: bytes | memoryview) -> Frontier | None:
    """Return the tree with this size and these joined roots; None if they contradict each other."""
    try:
        return Frontier.from_bytes(size, bytes(frontier))
    except ValueError:
        return None
