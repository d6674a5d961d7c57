"""Verification of the whole log: tampering is detected and located, an unaltered log is intact."""

import pytest
from django.db import connection

from assignments.audit.entries.canonical import INDEXES
from assignments.audit.integrity.reader import CHUNK
from assignments.audit.integrity.verdicts import (
    Altered,
    Fault,
    Forged,
    HeadMismatch,
    Unsealed,
    Verdict,
)
from assignments.audit.merkle.tree import Frontier
from assignments.audit.verification.whole_log import verdict_on_log, verify_log
from assignments.models import LogHead, Verification
from tests import log_tampering
from tests.log_fixtures import AT, PRIYA, write_log

SIZE = 11


def root() -> str:
    head = LogHead.objects.get()
    return Frontier.from_bytes(head.size, bytes(head.frontier)).root().hex()


@pytest.mark.parametrize("size", [0, 1, 2, SIZE], ids=str)
def test_an_unaltered_log_is_intact(db: None, size: int) -> None:
    write_log(size)

    assert verdict_on_log() == Unsealed(size, root())


def test_a_log_longer_than_a_chunk_is_intact_and_reports_progress(db: None) -> None:
    write_log(CHUNK + 3)
    progress: list[int] = []

    assert verdict_on_log(progress.append) == Unsealed(CHUNK + 3, root())
    assert progress == [CHUNK, CHUNK + 3]


@pytest.mark.parametrize(
    ("tamper", "seq", "verdict"),
    [
        pytest.param(log_tampering.edit_body, 4, Altered(4, Fault.BODY), id="edited body"),
        pytest.param(log_tampering.edit_leaf, 4, Altered(4, Fault.BODY), id="edited hash"),
        pytest.param(
            log_tampering.edit_body_and_leaf,
            4,
            Forged(4),
            id="edited body and hash",
        ),
        pytest.param(
            log_tampering.edit_body_and_leaf,
            10,
            Forged(10),
            id="the same, last entry",
        ),
        pytest.param(log_tampering.edit_mac, 4, Forged(4), id="edited MAC"),
        pytest.param(log_tampering.copy_mac, 4, Forged(4), id="MAC of another entry"),
        pytest.param(log_tampering.name_unknown_key, 4, Forged(4), id="unknown key"),
        pytest.param(log_tampering.edit_column, 4, Altered(4, Fault.INDEXES), id="edited column"),
        pytest.param(log_tampering.edit_time, 4, Altered(4, Fault.INDEXES), id="edited time"),
        pytest.param(log_tampering.delete, 4, Altered(4, Fault.MISSING), id="deleted"),
        pytest.param(log_tampering.delete, 10, HeadMismatch(10, SIZE), id="last one deleted"),
        pytest.param(
            log_tampering.delete_and_renumber,
            4,
            Altered(4, Fault.OUT_OF_ORDER),
            id="deleted, closed up",
        ),
        pytest.param(log_tampering.insert_after, 4, Altered(4, Fault.INSERTED), id="pushed in"),
        pytest.param(log_tampering.append, 4, HeadMismatch(SIZE + 1, SIZE), id="appended"),
        pytest.param(log_tampering.swap_with_last, 4, Altered(4, Fault.OUT_OF_ORDER), id="swapped"),
        pytest.param(log_tampering.truncate, 4, HeadMismatch(4, SIZE), id="cut off"),
        pytest.param(log_tampering.truncate, 0, HeadMismatch(0, SIZE), id="emptied"),
    ],
)
def test_tampering_is_detected_and_located(
    db: None, tamper: log_tampering.Tampering, seq: int, verdict: Verdict
) -> None:
    write_log(SIZE)

    tamper(seq, SIZE)

    assert verdict_on_log() == verdict


@pytest.mark.parametrize(
    "column",
    sorted(set(INDEXES) - {"seq"}),
)
def test_every_index_column_is_checked(db: None, column: str) -> None:
    write_log(3)

    log_tampering.run(f"UPDATE {{table}} SET {column} = 'x' WHERE seq = 1")

    assert verdict_on_log() == Altered(1, Fault.INDEXES)


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(b"no json", id="no JSON"),
        pytest.param(b"[]", id="no object"),
        pytest.param(b'{"seq":1}', id="not all of it"),
        pytest.param(b"\xff", id="no text"),
        pytest.param(b"[" * 100_000, id="too deep"),
    ],
)
def test_a_body_that_is_not_an_entry_is_detected(db: None, written: bytes) -> None:
    write_log(3)

    log_tampering.rewrite(1, written)

    assert verdict_on_log() == Altered(1, Fault.UNREADABLE)


def test_an_invalid_time_is_detected(db: None) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps nothing but times in the column")
    write_log(3)

    log_tampering.run("UPDATE {table} SET at = 'never' WHERE seq = 1")

    assert verdict_on_log() == Altered(1, Fault.INDEXES)


def test_a_body_stored_as_text_is_verified(db: None) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps nothing but bytes in the column")
    write_log(3)

    log_tampering.run("UPDATE {table} SET body = 'x' || CAST(body AS TEXT) WHERE seq = 1")

    assert verdict_on_log() == Altered(1, Fault.BODY)


@pytest.mark.parametrize(
    ("head", "verdict"),
    [
        pytest.param({"size": SIZE - 1}, HeadMismatch(SIZE, None), id="roots that do not fit"),
        pytest.param(
            {"size": SIZE + 2, "frontier": bytes(32 * 3)},
            HeadMismatch(SIZE, SIZE + 2),
            id="another size",
        ),
        pytest.param(
            {"size": 8, "frontier": bytes(32)}, HeadMismatch(SIZE, 8), id="a size of long ago"
        ),
        pytest.param(
            {"frontier": bytes(32 * 3)},
            Altered(0, Fault.BODY, 7),
            id="other roots of that size",
        ),
    ],
)
def test_an_edited_head_is_detected(db: None, head: dict[str, object], verdict: Verdict) -> None:
    write_log(SIZE)

    LogHead.objects.update(**head)

    assert verdict_on_log() == verdict


def test_a_missing_head_is_detected(db: None) -> None:
    write_log(2)

    LogHead.objects.all().delete()

    assert verdict_on_log() == HeadMismatch(2, None)


def test_entries_beyond_a_gap_at_the_end_do_not_hide_it(db: None) -> None:
    write_log(SIZE)

    log_tampering.copy(3, SIZE + 4)
    log_tampering.delete(SIZE - 1, SIZE)

    assert verdict_on_log() == HeadMismatch(SIZE - 1, SIZE)


def test_verify_log_saves_and_records_the_verdict(db: None) -> None:
    write_log(3)
    intact = root()

    verification = verify_log(by=PRIYA, now=AT)

    assert Verification.objects.values().get() == {
        "id": verification.pk,
        "at": AT,
        "by": "user/1",
        "size": 3,
        "checked": 3,
        "root": intact,
        "verdict": "not sealed",
        "seq": None,
        "newest_seal": None,
        "detail": Unsealed(3, intact).sentence,
        "night": None,
        "email_at": None,
    }
    recorded = log_tampering.body(3)
    assert (recorded["action"], recorded["subject"], recorded["result"]) == (
        "log.verified",
        "log",
        "not sealed",
    )
    assert recorded["detail"] == {"verdict": verification.detail, "seq": None}
    assert verdict_on_log() == Unsealed(4, root())


def test_verify_log_records_an_alteration_too(db: None) -> None:
    write_log(3)
    log_tampering.edit_body(1, 3)

    verification = verify_log(by=PRIYA, now=AT)

    assert (verification.verdict, verification.seq) == ("altered", 1)
    assert verification.detail == "Altered at entry 1: body does not match the tree."
    assert log_tampering.body(3)["detail"] == {"verdict": verification.detail, "seq": 1}


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        pytest.param(
            Altered(1_024, Fault.BODY, 2_047),
            "Altered in one of the entries 1,024 to 2,047: body does not match the tree.",
            id="one of several",
        ),
        pytest.param(
            HeadMismatch(900, 1_000),
            "The log is shorter than its head says: 900 entries instead of 1,000. "
            "The first in question is entry 900.",
            id="shorter",
        ),
        pytest.param(
            HeadMismatch(11, 10),
            "The log is longer than its head says: 11 entries instead of 10. "
            "The first in question is entry 10.",
            id="longer",
        ),
        pytest.param(
            HeadMismatch(3, None),
            "The log's head, which the entries are checked against, is missing or damaged.",
            id="no head",
        ),
    ],
)
def test_verdicts_as_sentences(verdict: Verdict, sentence: str) -> None:
    assert verdict.sentence == sentence
