"""Pruning: old entries are deleted up to a seal, and the remaining ones still verify."""

import io
import json
import random
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.urls import reverse
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from assignments.audit.entries.actors import Actor, Person
from assignments.audit.export.formats import ExportContext, Format, export_log
from assignments.audit.integrity.pruned_prefix import ACTION, NOTHING, Pruned, pruned
from assignments.audit.integrity.verdicts import Altered, Fault, HeadMismatch, Intact
from assignments.audit.log import record, record_all
from assignments.audit.merkle import tiles
from assignments.audit.pruning import NotPruned, prune
from assignments.audit.seals import trusted_seals
from assignments.audit.search.parser import parse
from assignments.audit.search.query import Query
from assignments.audit.signing.keys import signing_key
from assignments.audit.signing.signed_note import SigningKey
from assignments.audit.verification.exported_file import verify_exported_file
from assignments.audit.verification.one_entry import State, check_entry
from assignments.audit.verification.whole_log import verdict_on_log
from assignments.models import (
    Batch,
    LegalHold,
    LogEntry,
    LogHead,
    LogRetention,
    LogSeal,
    LogTile,
    PersonalValue,
)
from assignments.services.batches import auto_pause, plan_integrity
from assignments.services.privacy import pruning, retention
from assignments.siem import forwarding
from tests import log_tampering, sealed_log
from tests.factories import make_account, make_batch, make_user
from tests.log_fixtures import AT, PRIYA, created, write_log
from tests.test_siem import Memory

AMARA = Actor(ref="user/2", name="Amara Okafor", means="page")
YEARS_LATER = AT + timedelta(days=3 * 366)


def keep_for(months: int, *accounts: str) -> None:
    """Set the retention period of these accounts."""
    for account in accounts:
        LogRetention.objects.create(account=account, months=months)


def prune_all() -> pruning.PruningResult:
    """Prune everything that may be pruned three years later."""
    return pruning.prune_log(by=PRIYA, now=YEARS_LATER)


def intact() -> Intact:
    """Verify the log and return the verdict, which must be intact."""
    verdict = verdict_on_log()
    assert isinstance(verdict, Intact), verdict.sentence
    return verdict


@pytest.fixture
def old(db: None) -> int:
    """Write a sealed log that may be pruned in three years; return the size of its last seal."""
    sealed_log.write_sealed_log(300, 320, 7)
    keep_for(24, "", "acme")
    return 621


def test_old_entries_are_pruned_up_to_the_last_seal_and_the_rest_verifies(old: int) -> None:
    seals = list(LogSeal.objects.values_list("number", "size"))

    done = prune_all()

    assert (seals, done.entries) == ([(1, 300), (2, old)], old)
    assert LogEntry.objects.order_by("seq").values_list("seq", flat=True).first() == old
    assert LogSeal.objects.filter(number__in=[1, 2]).count() == 2
    size = LogHead.objects.get().size
    verdict = intact()
    assert (verdict.size, verdict.pruned) == (size, old)
    assert f" {size - old} entries checked" in verdict.sentence
    assert verdict.sentence.endswith(" Entries 0 to 620 were pruned; their hashes fit the seals.")
    since = verdict_on_log(since_seal=True)
    assert since.word == "intact since a seal"


def test_pruning_is_recorded_with_a_signed_statement(old: int) -> None:
    prune_all()

    entry = LogEntry.objects.get(action=ACTION)
    detail = log_tampering.body(entry.seq)["detail"]
    statement = detail.pop("statement")
    assert detail == {"first": 0, "entries": old, "seal": 2}
    assert (entry.subject, entry.result, entry.actor) == ("seal/2", "pruned", PRIYA.ref)
    assert statement.startswith(f"{signing_key().public.name}\npruned v1\n{old}\n")
    assert pruned().size == old


def test_a_second_pruning_continues(old: int) -> None:
    prune_all()
    write_log(40)
    sealed_log.seal()

    done = pruning.prune_log(by=PRIYA, now=YEARS_LATER)

    # The entries of the first pruning and its verification are three years younger.
    size = LogEntry.objects.filter(at__lt=YEARS_LATER).count()
    assert (done.entries, size > 0) == (0, True)
    later = pruning.prune_log(by=PRIYA, now=YEARS_LATER + timedelta(days=3 * 366))
    assert later.entries > 40
    assert pruned().size == old + later.entries
    intact()


def test_entries_without_a_retention_period_are_kept(db: None) -> None:
    sealed_log.write_sealed_log(5, 5)
    keep_for(24, "acme")
    assert prune_all().entries == 5

    # The first seal's own entry belongs to no account.
    assert prune_all() == pruning.PruningResult(0, 0)
    stays = pruning.plan_pruning(now=YEARS_LATER).retained
    assert stays is not None
    assert stays.sentence == "Entry 5 must be kept: entries of no account are kept for ever."
    assert LogEntry.objects.filter(action=ACTION).count() == 1


def test_unsealed_entries_are_kept(db: None) -> None:
    write_log(12)
    keep_for(24, "", "acme")

    with pytest.raises(NotPruned, match=r"Only an intact log can be pruned\. Not sealed yet: 12"):
        prune_all()

    assert LogEntry.objects.filter(seq__lt=12).count() == 12


@pytest.mark.parametrize(
    ("months", "days", "stays"),
    [
        pytest.param(24, 730, True, id="a day too young"),
        pytest.param(24, 731, False, id="two years"),
        pytest.param(36, 1095, True, id="a day too young for three"),
        pytest.param(36, 1096, False, id="three years"),
    ],
)
def test_retention_counts_calendar_months(db: None, months: int, days: int, *, stays: bool) -> None:
    write_log(1)
    keep_for(months, "acme")

    # From 23 November 2026, over 29 February 2028.
    stay = retention.find_first_retained(0, now=AT + timedelta(days=days))

    assert (stay is not None) == stays


def test_two_years_before_a_leap_day_end_with_february(db: None) -> None:
    with transaction.atomic():
        record(created(), by=PRIYA, at=datetime(2026, 2, 28, 12, tzinfo=UTC))
    keep_for(24, "acme")

    assert retention.find_first_retained(0, now=datetime(2028, 2, 29, 11, tzinfo=UTC))
    assert not retention.find_first_retained(0, now=datetime(2028, 2, 29, 13, tzinfo=UTC))


@pytest.mark.parametrize("target", ["learner/13", PRIYA.ref, "account"])
def test_a_legal_hold_keeps_everything_from_its_first_entry(db: None, target: str) -> None:
    account = make_account(remote_id="acme")
    ref = f"account/{account.pk}" if target == "account" else target
    events = [created(number, Person(ref="learner/12")) for number in range(4)]
    with transaction.atomic():
        record_all(events, by=AMARA, at=AT)
    sealed_log.seal()
    with transaction.atomic():
        record(created(9, Person(ref="learner/13")), by=PRIYA, at=AT)
    sealed_log.seal()
    keep_for(24, "", "acme")
    LegalHold.objects.create(ref=ref, reason="Case 7", placed_by="user/3", placed_at=AT)

    stays = pruning.plan_pruning(now=YEARS_LATER).retained

    assert stays is not None
    name = "account acme" if target == "account" else target
    first = {"learner/13": 5, PRIYA.ref: 4, "account": 0}[target]
    assert stays == retention.RetainedEntry(first, f"{name} is under a legal hold")
    assert prune_all().entries == (0 if target == "account" else 4)
    intact()


def test_an_unsettled_batch_keeps_its_entries(old: int) -> None:
    batch = make_batch(["unknown"], number=417, state=Batch.State.RUNNING)

    assert prune_all().entries == 0

    stays = pruning.plan_pruning(now=YEARS_LATER).retained
    assert stays == retention.RetainedEntry(0, "batch/417 is not settled")
    batch.assignments.update(state="created", remote_id="R-1", settled_at=AT)
    Batch.objects.filter(pk=batch.pk).update(state=Batch.State.DONE)
    assert prune_all().entries == old


def test_entries_not_forwarded_to_the_siem_are_kept(old: int, settings) -> None:
    settings.SIEM = Memory()

    assert pruning.plan_pruning(now=YEARS_LATER).retained == retention.RetainedEntry(
        0, "it has not been forwarded to the SIEM"
    )
    assert prune_all().entries == 0

    with transaction.atomic():
        forwarding.restart_at(start=310, by=PRIYA, now=AT)
    assert prune_all().entries == 300
    with pytest.raises(forwarding.NoSuchEntry, match="Its entries are 300 to "):
        forwarding.restart_at(start=299, by=PRIYA, now=AT)


def test_large_logs_are_pruned_in_groups(old: int, monkeypatch) -> None:
    monkeypatch.setattr(pruning, "MAX_GROUP", 320)

    prune_all()

    entries = LogEntry.objects.filter(action=ACTION).order_by("seq")
    assert [(e.subject, log_tampering.body(e.seq)["detail"]["entries"]) for e in entries] == [
        ("seal/1", 300),
        ("seal/2", 321),
    ]
    assert pruned().size == old
    intact()


def test_personal_values_of_pruned_entries_alone_are_deleted(db: None) -> None:
    pruned_person = Person(ref="learner/7", name="Xqzelif", email="xqz@x.example")
    kept_person = Person(ref="learner/8", name="Xqzomar", email="xqo@x.example")
    with transaction.atomic():
        record_all([created(1, pruned_person), created(2, kept_person)], by=PRIYA, at=AT)
    sealed_log.seal()
    with transaction.atomic():
        record(created(3, kept_person), by=PRIYA, at=AT)
    keep_for(24, "", "acme")

    done = prune_all()

    assert (done.entries, done.values) == (2, 2)
    assert set(PersonalValue.objects.values_list("value", flat=True)) >= {
        kept_person.name,
        kept_person.email,
    }
    assert not PersonalValue.objects.filter(ref=pruned_person.ref).exists()


def test_an_altered_log_is_not_pruned(old: int) -> None:
    log_tampering.edit_body(2, 0)

    with pytest.raises(NotPruned, match=r"Only an intact log can be pruned\. Altered at entry 2"):
        prune_all()

    assert LogEntry.objects.filter(seq__lt=old).count() == old


def test_without_a_key_nothing_is_pruned_and_the_triggers_stay(old: int, settings) -> None:
    seal = trusted_seals.check_seals().trusted[-1]
    settings.AUDIT_SIGNING_KEY, settings.AUDIT_OWN_KEY_FILE = "", None

    with pytest.raises(NotPruned, match="AUDIT_SIGNING_KEY is not set"):
        prune(seal, by=PRIYA, now=YEARS_LATER)

    assert LogEntry.objects.filter(seq__lt=old).count() == old
    assert_refused()


def test_the_triggers_are_restored_after_pruning(old: int) -> None:
    prune_all()

    assert_refused()


def assert_refused() -> None:
    for statement in ("DELETE FROM {table}", "UPDATE {table} SET result = ''"):
        with (
            pytest.raises(Exception, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement.format(table=log_tampering.TABLE))


def test_a_deletion_without_a_signed_statement_is_missing_entries(old: int) -> None:
    tree = trusted_seals.check_seals().trusted[-1]
    stranger = SigningKey.generate(signing_key().public.name)
    origin, prefix = signing_key().public.name, Pruned(old, tree.root)
    root = prefix.signed(stranger).splitlines()[3]
    statements = [
        "",
        prefix.signed(stranger),
        signing_key().sign(f"{origin}\nevidence pack\n{old}\n{root}\n"),
        signing_key().sign(f"{origin}\npruned v1\nmany\nAAAA\n"),
    ]
    log_tampering.run("DELETE FROM {table} WHERE seq < %s", old)
    for statement in statements:
        event = created(1, statement=statement)
        with transaction.atomic():
            record(replace(event, action=ACTION), by=PRIYA, at=AT)

        assert pruned() == NOTHING
        assert verdict_on_log() == Altered(0, Fault.MISSING)


def test_a_statement_about_another_tree_is_detected(old: int) -> None:
    forged = Pruned(old, bytes(32))
    log_tampering.run("DELETE FROM {table} WHERE seq < %s", old)
    with transaction.atomic():
        event = created(1, statement=forged.signed(signing_key()))
        record(replace(event, action=ACTION), by=PRIYA, at=AT)

    assert verdict_on_log() == Altered(0, Fault.TILE, old - 1)


def test_an_entry_inserted_into_the_pruned_range_is_detected(old: int) -> None:
    kept = LogEntry.objects.get(seq=17)
    prune_all()

    kept.save(force_insert=True)

    assert verdict_on_log() == Altered(17, Fault.PRUNED)
    assert verdict_on_log(since_seal=True) == Altered(17, Fault.PRUNED)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_changed_or_missing_tiles_are_detected(old: int, number: int) -> None:
    prune_all()
    tile = LogTile.objects.get(level=0, number=number)

    LogTile.objects.filter(pk=tile.pk).update(hashes=bytes(32) + bytes(tile.hashes)[32:])
    assert not isinstance(verdict_on_log(), Intact)
    LogTile.objects.filter(pk=tile.pk).delete()
    assert verdict_on_log() == Altered(number * tiles.WIDTH, Fault.TILE, old - 1)


@pytest.mark.parametrize("number", [1, 2])
def test_a_missing_seal_over_pruned_entries_is_detected(db: None, number: int) -> None:
    # There are no copies, and the entries of both seals are pruned.
    sealed_log.write_sealed_log(4, 4, 4, 1)
    keep_for(24, "", "acme")
    prune_all()
    assert not LogEntry.objects.filter(subject=f"seal/{number}").exists()
    sealed_log.seal()
    sealed_log.delete_seal(number)

    assert verdict_on_log().sentence == f"Seal {number} is missing from the database."


def test_a_lost_head_is_recomputed_after_pruning(old: int) -> None:
    prune_all()
    size = LogHead.objects.get().size
    LogHead.objects.all().delete()

    write_log(2)

    assert LogHead.objects.get().size == size + 3
    verdict = verdict_on_log()
    # The newest entries had no seal when the head was lost.
    assert isinstance(verdict, Altered | Intact)
    sealed = LogSeal.objects.order_by("-number").first()
    assert sealed is not None
    assert verdict == Altered(sealed.size, Fault.ADOPTED)


def test_a_head_set_back_into_the_pruned_range_is_detected(old: int) -> None:
    prune_all()
    size = LogHead.objects.get().size
    with transaction.atomic():
        LogHead.objects.update(size=0, frontier=b"")
        assert verdict_on_log() == HeadMismatch(size, 0)
        write_log(1)
        assert not isinstance(verdict_on_log(), Intact)


def test_exports_after_pruning_verify(old: int, tmp_path: Path) -> None:
    prune_all()
    context = ExportContext(by=PRIYA, now=YEARS_LATER, folder=Path(tempfile.gettempdir()))
    exports: list[tuple[Format, Query]] = [
        ("jsonl", Query()),
        ("pack", parsed("action:created")),
        ("pack", Query()),
    ]
    for form, query in exports:
        path = tmp_path / form
        with path.open("wb") as out:
            written = export_log(query=query, format=form, context=context, out=out)

        verdict = verify_exported_file(path)
        assert (verdict.word, written > 0) == ("intact", True)
    lines = (tmp_path / "jsonl").read_text().splitlines()
    assert json.loads(lines[0])["pruned_entries"] == old
    assert json.loads(lines[1])["seq"] == old


def test_a_pack_states_what_was_pruned(old: int) -> None:
    prune_all()
    context = ExportContext(by=PRIYA, now=YEARS_LATER, folder=Path(tempfile.gettempdir()))
    out = io.BytesIO()
    export_log(query=Query(), format="pack", context=context, out=out)

    assert f"Entries before {old} were pruned because" in member(out, "README.txt")
    assert json.loads(member(out, "manifest.json"))["pruned_entries"] == old


def test_the_first_remaining_entry_can_be_checked(old: int) -> None:
    prune_all()

    check = check_entry(old)

    assert (check.state, check.own_fault, check.tree_fault) == (State.INTACT, "", "")


def member(pack: io.BytesIO, name: str) -> str:
    """Return the text of a file in a pack."""
    return ZipFile(pack).read(name).decode()


def parsed(text: str) -> Query:
    return parse(text, today=AT.date())


class Pruning(TestCase):
    """Any log, pruned at any seals, is intact; tampering with the rest is detected."""

    @pytest.mark.slow
    @hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @example(sizes=[256, 256, 1], cuts=[0, 1], seed=0)
    @example(sizes=[255, 1, 255], cuts=[1], seed=0)
    @given(
        sizes=st.lists(st.integers(1, 300), min_size=2, max_size=5),
        cuts=st.lists(st.integers(0, 3), min_size=1, max_size=3),
        seed=st.integers(0, 1_000),
    )
    def test_any_log_verifies_after_any_pruning(self, *, sizes, cuts, seed):
        sealed_log.write_sealed_log(*sizes)
        for cut in sorted(cuts):
            seal = trusted_seals.check_seals().trusted[min(cut, len(sizes) - 2)]
            prune(seal, by=PRIYA, now=YEARS_LATER)
            intact()
        sealed_log.seal()
        verdict, rng = intact(), random.Random(seed)
        assert verdict.pruned == pruned().size == seal.size

        size = LogHead.objects.get().size
        mutation = rng.choice(MUTATIONS)
        mutation(rng.randrange(seal.size, size), size)
        assert not isinstance(verdict_on_log(), Intact), mutation.__name__


MUTATIONS = [
    log_tampering.edit_body,
    log_tampering.edit_leaf,
    log_tampering.edit_time,
    log_tampering.delete,
    log_tampering.append,
    log_tampering.truncate,
    sealed_log.change_time,
]


@pytest.mark.django_db(transaction=True)
def test_appending_continues_while_the_log_is_pruned() -> None:
    sealed_log.write_sealed_log(400, 400, 400, 3)
    keep_for(24, "", "acme")

    def append(_number: int) -> None:
        write_log(5)
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(append, number) for number in range(20)]
        for seal in trusted_seals.check_seals().trusted:
            prune(seal, by=PRIYA, now=YEARS_LATER)
        for future in futures:
            future.result()

    # 1,203 entries, three seals, a hundred appended meanwhile, and three prunings.
    assert LogHead.objects.get().size == 1_203 + 3 + 100 + 3
    assert intact().pruned == 1_202


# The command.


def audit(*words: str) -> str:
    out = io.StringIO()
    call_command("audit", "prune", *words, stdout=out, stderr=io.StringIO())
    return out.getvalue().strip()


def test_the_command_asks_for_confirmation(old: int, monkeypatch, clock) -> None:
    clock.move_to(YEARS_LATER)
    monkeypatch.setattr("builtins.input", lambda _: "n")

    with pytest.raises(CommandError, match="Nothing was removed"):
        audit()
    assert LogEntry.objects.filter(seq__lt=old).count() == old

    monkeypatch.setattr("builtins.input", lambda _: "y")
    output = audit()

    assert output.startswith(f"{old} entries removed, and ")
    assert f"Entry {old} must be kept" not in output
    assert pruned().size == old


def test_the_command_says_why_nothing_is_pruned(old: int, clock) -> None:
    clock.move_to(AT + timedelta(days=30))

    result = json.loads(audit("--yes", "--json"))

    why = "entries of account acme are kept for 24 months"
    assert result == {"entries": 0, "values": 0, "retained": {"seq": 0, "reason": why}}
    assert audit() == (
        "0 entries removed, and 0 names and addresses that no remaining entry refers to. "
        f"Entry 0 must be kept: {why}."
    )


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL has roles")
@pytest.mark.django_db(transaction=True)
def test_a_role_without_the_rights_is_refused() -> None:
    sealed_log.write_sealed_log(20, 3)
    seal = trusted_seals.check_seals().trusted[-1]
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE prunes_not")
        cursor.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO prunes_not")
        cursor.execute("SET ROLE prunes_not")
    try:
        with pytest.raises(NotPruned, match="names the owner of the tables"):
            prune(seal, by=PRIYA, now=YEARS_LATER)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute("DROP OWNED BY prunes_not")
            cursor.execute("DROP ROLE prunes_not")
    assert LogEntry.objects.filter(seq__lt=20).count() == 20


# The pages.


def test_pages_show_what_was_pruned(old: int, client) -> None:
    client.force_login(make_user("auditor"))
    prune_all()

    response = client.get(reverse("entry", args=[17]))
    assert response.status_code == 410
    assert f'The log now begins with entry <a href="/audit/{old}/"' in response.content.decode()
    first = client.get(reverse("entry", args=[old])).content.decode()
    assert f'href="/audit/{old - 1}/"' not in first
    assert f'href="/audit/{old + 1}/"' in first
    page = " ".join(client.get(reverse("audit")).content.decode().split())
    left = LogEntry.objects.count()
    assert f"of {left}. Entries before {old} were" in page
    assert client.get(reverse("entry", args=[99_999])).status_code == 404


def test_a_retry_of_a_pruned_batch_is_paused_with_the_reason(old: int) -> None:
    batch = make_batch(["queued"], state=Batch.State.RUNNING)
    rows = list(batch.assignments.select_related("batch__account"))
    (pause,) = plan_integrity.check_rows(rows).pauses

    auto_pause.pause_automatically(pause, now=AT)

    batch.refresh_from_db()
    assert "the log holds no entry of its review that Assignment Desk wrote" in batch.pause_reason
