"""Golden bytes of what the log hashes and signs.

If one of these tests fails, logs written before the change no longer verify: add a format version
and keep reading the older one instead.
"""

import pytest

from assignments.audit.entries.actors import Actor, Person
from assignments.audit.entries.canonical import UNREADABLE, VERSION, canonical, indexes_of
from assignments.audit.entries.commitments import commitment
from assignments.audit.entries.readable import body_of
from assignments.audit.integrity.pruned_prefix import Pruned
from assignments.audit.log import Event, record
from assignments.audit.signing.checkpoint import Checkpoint
from assignments.audit.signing.signed_note import SigningKey
from assignments.audit.verification.whole_log import verdict_on_log
from assignments.models import LogEntry
from tests.log_fixtures import AT, CONTENT, write_log
from tests.log_tampering import body, rewrite
from tests.test_audit_signed_note import SECRET

BODY = (
    '{"account":"acme","action":"assignment.created","actor":{"means":"worker","ref":"user/1",'
    '"session":""},"at":"2026-11-23T10:43:00.123456Z","batch":"batch/417","cause":"batch/417",'
    '"detail":{"content":{"ref":"content/9","reference":"CRS-0977","title":"GDPR Essentials 2027"},'
    '"reason":"Größe"},"people":[{"ref":"learner/12"}],"request_id":"r-1","result":"created",'
    '"seq":0,"subject":"assignment/77","v":1}'
)
LEAF = "c001386eeec540d146a8630a516d6e663edef02009740a6fc5c6aa5ee1aeae73"
MAC = "53874197af5c9f805452ab8f7da7ce2a09cd67867d3888094a5aa88522714000"
COMMITMENT = "VC7wkHwfDDj13u3EG0k8hf5SqG8HKTx6yV7hrAUpKNY="
STATEMENT = """\
PeterNeumann
pruned v1
621
bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=

— PeterNeumann x08go2brPUBPocw8uvQgNRlT7YVxxU9jtAI7g6jqQCDZCcNiPebV0Dkzl+EhOewHxRMnscU92Be0zfzKxG5bQIc7XAM=
"""  # noqa: E501
SEAL = """\
PeterNeumann
621
bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=

— PeterNeumann x08go31tDc92leQEiKvvYImGysktKeYW6B1+ewieAkzVXpNMnBSyWANFk+Jc6nc2GhqjQym+2EEssFtPd8t/EoZrEgE=
"""  # noqa: E501
ROOT = bytes.fromhex("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")


def test_entry_of_version_1(db: None) -> None:
    event = Event(
        action="assignment.created",
        subject="assignment/77",
        result="created",
        batch="batch/417",
        cause="batch/417",
        account="acme",
        people=(Person(ref="learner/12"),),
        detail={"content": CONTENT, "reason": "Größe"},
    )
    record(event, by=Actor(ref="user/1", means="worker", request_id="r-1"), at=AT)

    entry = LogEntry.objects.get()
    assert bytes(entry.body).decode() == BODY
    assert bytes(entry.leaf).hex() == LEAF
    assert (entry.mac_key, bytes(entry.mac).hex()) == ("4aae98b1", MAC)
    assert entry.search_text == "grosse\ngdpr essentials 2027\ncrs-0977"


def test_commitment() -> None:
    assert commitment(bytes(range(16)), "Elif Kaya") == COMMITMENT


def test_statement_of_pruned_entries() -> None:
    assert Pruned(621, ROOT).signed(SigningKey.parse(SECRET)) == STATEMENT


def test_seal() -> None:
    checkpoint = Checkpoint("PeterNeumann", 621, ROOT)
    assert SigningKey.parse(SECRET).sign(checkpoint.text()) == SEAL


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_entry_of_an_unknown_version_is_shown_and_reported(db: None, version: object) -> None:
    write_log(3)
    rewrite(1, canonical({**body(1), "v": version}))

    assert VERSION == 1
    with pytest.raises(UNREADABLE, match="format version"):
        indexes_of(body(1))
    assert body_of(1, canonical(body(1)))["detail"] == {}
    assert "altered" in verdict_on_log().word.lower()
