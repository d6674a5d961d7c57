"""Any tampering with any log is detected, and the verdict names the entry."""

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from assignments.audit.integrity.verdicts import Altered, Forged, HeadMismatch, Unsealed, Verdict
from assignments.audit.verification.whole_log import verdict_on_log
from tests import log_tampering
from tests.log_fixtures import write_log

ALL = [
    log_tampering.edit_body,
    log_tampering.edit_leaf,
    log_tampering.edit_body_and_leaf,
    log_tampering.edit_mac,
    log_tampering.name_unknown_key,
    log_tampering.copy_mac,
    log_tampering.edit_column,
    log_tampering.edit_time,
    log_tampering.delete,
    log_tampering.delete_and_renumber,
    log_tampering.insert_after,
    log_tampering.append,
    log_tampering.swap_with_last,
    log_tampering.truncate,
]


@pytest.mark.slow
@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
    st.sampled_from(ALL),
    st.integers(0, 1_000_000),
)
@example([1], log_tampering.edit_body, 0)
def test_any_tampering_with_any_log_is_detected(
    db: None, groups: list[int], tamper: log_tampering.Tampering, place: int
) -> None:
    with transaction.atomic():
        for group in groups:
            write_log(group)
        size = sum(groups)
        seq = place % size
        is_unchanged = tamper is log_tampering.swap_with_last and seq == size - 1
        assert verdict_on_log().sentence.startswith(f"Not sealed yet: {size} entr")

        tamper(seq, size)

        verdict = verdict_on_log()
        transaction.set_rollback(True)
    if is_unchanged:
        assert isinstance(verdict, Unsealed)
    else:
        assert seq in named_entries(verdict)


def named_entries(verdict: Verdict) -> range:
    """Return the entries that the verdict names: all of them if the log is too long."""
    if isinstance(verdict, Altered):
        return range(verdict.seq, (verdict.seq if verdict.last is None else verdict.last) + 1)
    if isinstance(verdict, Forged):
        return range(verdict.seq, verdict.seq + 1)
    assert isinstance(verdict, HeadMismatch)
    assert verdict.expected is not None
    is_too_long = verdict.size > verdict.expected
    return range(verdict.size) if is_too_long else range(verdict.size, verdict.size + 1)
