"""The key of MACs: where it comes from, that it is pinned, and how it is changed."""

import base64

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from assignments.audit.integrity import pinned_mac_key
from assignments.audit.integrity.verdicts import Forged, MacsNotChecked, Unsealed
from assignments.audit.log import pin_mac_key
from assignments.audit.seals.sealing import NotSealed
from assignments.audit.search.parser import parse
from assignments.audit.signing.keys import KeyUnavailable
from assignments.audit.signing.mac_keys import mac_key, new_key
from assignments.audit.verification.one_entry import State, check_entry
from assignments.audit.verification.search_results import verify_results
from assignments.audit.verification.whole_log import verdict_on_log
from assignments.models import LogEntry, LogMacKey
from tests import log_tampering, sealed_log
from tests.log_fixtures import AT, PRIYA, write_log

pytestmark = [pytest.mark.core, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def started_process():
    """Begin like a process that has not appended yet."""
    pinned_mac_key._require_pin.cache_clear()
    yield
    pinned_mac_key._require_pin.cache_clear()


@pytest.fixture
def change_key(settings):
    """Return a function that changes the key; unless it is lost, the old one stays readable."""

    def change(*, is_lost: bool = False) -> str:
        old, settings.AUDIT_MAC_KEY = settings.AUDIT_MAC_KEY, new_key()
        settings.AUDIT_MAC_KEYS = [old, *settings.AUDIT_MAC_KEYS]
        pinned_mac_key._require_pin.cache_clear()
        pin_mac_key(now=AT)
        if is_lost:
            settings.AUDIT_MAC_KEYS = []
        return mac_key().id

    return change


@pytest.mark.parametrize(
    "text",
    ["short", "not base64!", base64.b64encode(bytes(31)).decode(), base64.b64encode(b"x").decode()],
)
@pytest.mark.parametrize("setting", ["AUDIT_MAC_KEY", "AUDIT_MAC_KEYS"])
def test_a_malformed_key_is_refused_without_showing_it(settings, setting, text):
    setattr(settings, setting, text if setting == "AUDIT_MAC_KEY" else [text])

    with pytest.raises(KeyUnavailable, match=rf"{setting} holds .* not 32 bytes") as refusal:
        verdict_on_log()

    assert text not in str(refusal.value)


def test_without_a_key_nothing_is_written(settings):
    settings.AUDIT_MAC_KEY, settings.AUDIT_OWN_MAC_KEY_FILE = "", None

    with pytest.raises(KeyUnavailable, match=r"AUDIT_MAC_KEY is not set.*manage\.py audit mac-key"):
        write_log(1)

    assert not LogEntry.objects.exists()


def test_one_machine_generates_a_key_for_its_owner_only(settings, tmp_path):
    settings.AUDIT_MAC_KEY, settings.AUDIT_OWN_MAC_KEY_FILE = "", tmp_path / "mac.key"

    first, second = mac_key(), mac_key()

    assert first == second
    assert (tmp_path / "mac.key").stat().st_mode & 0o777 == 0o600
    assert "secret" not in repr(first)


def test_the_key_is_pinned_once():
    pin_mac_key(now=AT)
    pin_mac_key(now=AT)

    pinned = LogMacKey.objects.get()
    assert (pinned.number, pinned.fingerprint) == (1, mac_key().fingerprint)
    assert not LogEntry.objects.exists()


def test_a_start_with_another_key_is_refused(settings):
    pin_mac_key(now=AT)
    pinned, settings.AUDIT_MAC_KEY = mac_key().id, new_key()
    sentence = f"AUDIT_MAC_KEY is the key {mac_key().id}, and this database is used with {pinned}."

    with pytest.raises(KeyUnavailable, match=sentence):
        pin_mac_key(now=AT)
    with pytest.raises(KeyUnavailable, match=sentence):
        write_log(1)
    with pytest.raises(CommandError, match=sentence):
        call_command("audit", "seal")
    with pytest.raises(CommandError, match=sentence):
        call_command("prepare")


def test_whoever_has_the_old_key_can_change_it(change_key):
    pin_mac_key(now=AT)
    write_log(2)
    old = mac_key().id

    new = change_key()
    write_log(1)

    keys = LogEntry.objects.order_by("seq").values_list("action", "mac_key")[1:]
    assert list(keys) == [
        ("assignment.created", old),
        ("log.mac_key_changed", new),
        ("assignment.created", new),
    ]
    assert log_tampering.body(2)["detail"] == {"previous_key": old}
    assert isinstance(verdict_on_log(), Unsealed)


def test_a_missing_old_key_is_neither_intact_nor_forged(change_key):
    pin_mac_key(now=AT)
    write_log(2)
    old = mac_key().id
    change_key(is_lost=True)
    write_log(1)

    verdict = verdict_on_log()

    assert isinstance(verdict, MacsNotChecked)
    assert (verdict.size, verdict.seq, verdict.count, verdict.keys) == (4, 0, 2, (old,))
    assert verdict.sentence.startswith(
        "Not checked who wrote 2 entries, the first of them 0: AUDIT_MAC_KEYS lacks the key "
        f"{old}. All other checks passed, which no seal covers. Root "
    )
    with pytest.raises(NotSealed, match=f"The key {old} of new entries cannot be read"):
        sealed_log.seal()
    results = verify_results(parse("", today=AT.date()), by=PRIYA, now=AT)
    assert (results.unchecked, results.word) == (2, "MACs not checked")


def test_keys_lost_one_after_another_are_known_by_the_log(change_key):
    pin_mac_key(now=AT)
    write_log(1)
    for _ in range(3):
        change_key(is_lost=True)
        write_log(1)

    verdict = verdict_on_log()

    assert isinstance(verdict, MacsNotChecked)
    assert (verdict.count, len(verdict.keys)) == (5, 3)


def test_an_entry_of_a_key_that_was_never_used_is_forged_although_another_is_lost(change_key):
    pin_mac_key(now=AT)
    write_log(3)
    change_key(is_lost=True)
    log_tampering.name_unknown_key(1, 4)

    assert verdict_on_log() == Forged(1)


def test_a_sealed_entry_whose_key_is_lost_is_not_proven(change_key):
    pin_mac_key(now=AT)
    write_log(2)
    sealed_log.seal()
    old = mac_key().id
    change_key(is_lost=True)

    check = check_entry(0)

    assert (check.state, check.missing_key, check.own_fault) == (State.UNPROVEN, old, "")


def test_the_database_refuses_to_change_a_pinned_key():
    pin_mac_key(now=AT)

    with (
        pytest.raises(DatabaseError, match="The audit log is append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE assignments_logmackey SET fingerprint = 'other'")


def test_the_command_makes_a_key(capsys):
    call_command("audit", "mac-key")

    printed = capsys.readouterr().out
    (line,) = [line for line in printed.splitlines() if line.startswith("AUDIT_MAC_KEY=")]
    assert len(base64.b64decode(line.partition("=")[2])) == 32
