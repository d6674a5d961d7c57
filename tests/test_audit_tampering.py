"""Whatever is done to whatever log is found, and the entry is among those that are named."""

from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from assignments.audit.integrity.verdicts import Altered, HeadMismatch, Unsealed, Verdict
from assignments.audit.verification.whole_log import verdict_on_log
from tests import log_tampering
from tests.log_fixtures import write_log

ALL = [
    log_tampering.edit_body,
    log_tampering.edit_leaf,
    log_tampering.edit_body_and_leaf,
    log_tampering.edit_column,
    log_tampering.edit_time,
    log_tampering.delete,
    log_tampering.delete_and_close_up,
    log_tampering.push_in,
    log_tampering.append,
    log_tampering.swap_with_the_last,
    log_tampering.cut_off,
]


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
    st.sampled_from(ALL),
    st.integers(0, 1_000_000),
)
@example([1], log_tampering.edit_body, 0)
def test_any_tampering_with_any_log_is_found(
    db: None, groups: list[int], tamper: log_tampering.Tampering, place: int
) -> None:
    with transaction.atomic():
        for group in groups:
            write_log(group)
        size = sum(groups)
        seq = place % size
        is_no_change = tamper is log_tampering.swap_with_the_last and seq == size - 1
        assert verdict_on_log().sentence.startswith(f"Not sealed yet: {size} entr")

        tamper(seq, size)

        found = verdict_on_log()
        transaction.set_rollback(True)
    if is_no_change:
        assert isinstance(found, Unsealed)
    else:
        assert seq in named(found)


def named(found: Verdict) -> range:
    """Return which entries the verdict names; entries that were added stand at the end."""
    if isinstance(found, Altered):
        return range(found.seq, (found.seq if found.last is None else found.last) + 1)
    assert isinstance(found, HeadMismatch)
    assert found.expected is not None
    too_long = found.size > found.expected
    return range(found.size) if too_long else range(found.size, found.size + 1)
