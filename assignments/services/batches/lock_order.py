"""The order in which transactions lock, so that two never wait for each other in a circle.

First the account, then batches, then their rows, and the head of the log last. PostgreSQL ends one
of two that wait in a circle; SQLite has one writer at a time anyway.

Only what no key hangs on is locked (`no_key`): a row that refers to another looks at that one when
its transaction ends, which is after the head of the log.
"""

from collections.abc import Iterable

from assignments.models import Account, Batch


def lock(*, account: Account | None, batches: Iterable[int]) -> None:
    """Lock what the transaction may change besides rows and log, before it locks those.

    :param account: None if the transaction leaves it alone
    """
    if account is not None:
        Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    wanted = Batch.objects.filter(pk__in=set(batches)).order_by("pk")
    list(wanted.select_for_update(no_key=True).values_list("pk"))
