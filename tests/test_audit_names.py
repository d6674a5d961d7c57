"""Names beside the log: any alteration is found and named, and an altered name is never shown."""

import io
import json
import secrets
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assignments.audit.entries.actors import Person
from assignments.audit.entries.commitments import ALTERED_NAME, ERASURE, clear_values
from assignments.audit.export.formats import ExportContext, export_log
from assignments.audit.integrity import reader
from assignments.audit.integrity.reader import CHUNK
from assignments.audit.integrity.verdicts import NameAltered, NameFault, NamesGone, Unsealed
from assignments.audit.log import Event, record
from assignments.audit.search.api_results import fetch_results
from assignments.audit.search.filters import SEARCH_REF
from assignments.audit.search.parser import parse
from assignments.audit.verification import name_scan
from assignments.audit.verification.exported_file import verify_exported_file
from assignments.audit.verification.name_scan import MAX_REMEMBERED
from assignments.audit.verification.one_entry import State, check_entry
from assignments.audit.verification.search_results import verify_results
from assignments.audit.verification.whole_log import verdict_on_log
from assignments.models import PersonalValue
from tests.factories import make_user
from tests.log_fixtures import AT, PRIYA, write_log
from tests.log_tampering import alter_names

CHANGES: dict[str, NameFault] = {
    "UPDATE {table} SET value = 'Somebody Else' WHERE commitment = %s": NameFault.VALUE,
    "UPDATE {table} SET value = value || ' ' WHERE commitment = %s": NameFault.VALUE,
    "UPDATE {table} SET search_text = 'somebody' WHERE commitment = %s": NameFault.SEARCH_TEXT,
    "UPDATE {table} SET ref = 'learner/99' WHERE commitment = %s": NameFault.OWNER,
    "UPDATE {table} SET field = 'other' WHERE commitment = %s": NameFault.OWNER,
}


def change_salt(value: PersonalValue) -> NameFault:
    statement = "UPDATE {table} SET salt = %s WHERE commitment = %s"
    alter_names(statement, secrets.token_bytes(16), value.commitment)
    return NameFault.VALUE


def swap_with_another(value: PersonalValue) -> NameFault:
    other = PersonalValue.objects.exclude(ref=value.ref).exclude(pk=value.pk).order_by("pk")[0]
    statement = "UPDATE {table} SET value = %s, search_text = %s, salt = %s WHERE commitment = %s"
    for source, target in ((other, value), (value, other)):
        parts = (source.value, source.search_text, bytes(source.salt))
        alter_names(statement, *parts, target.commitment)
    return NameFault.VALUE


def by_statement(statement: str) -> Callable[[PersonalValue], NameFault]:
    def change(value: PersonalValue) -> NameFault:
        alter_names(statement, value.commitment)
        return CHANGES[statement]

    return change


ALL = [change_salt, swap_with_another, *map(by_statement, CHANGES)]


@pytest.mark.core
@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.sampled_from(ALL), st.integers(0, 1_000_000), st.integers(2, 9))
def test_any_change_of_any_name_is_found(
    db: None, change: Callable[[PersonalValue], NameFault], place: int, size: int
) -> None:
    with transaction.atomic():
        write_log(size)
        values = list(PersonalValue.objects.order_by("pk"))
        value = values[place % len(values)]
        assert isinstance(verdict_on_log(), Unsealed)

        fault = change(value)

        verdict = verdict_on_log()
        transaction.set_rollback(True)
    assert isinstance(verdict, NameAltered)
    assert verdict.how == fault
    if change is not swap_with_another:
        assert (verdict.ref, verdict.field) == (value.ref, value.field)
    assert value.value not in verdict.sentence


@pytest.mark.parametrize("field", ["name", "email", "reference"])
def test_names_gone_without_an_erasure_are_found(db: None, field: str) -> None:
    write_log(4)

    PersonalValue.objects.filter(ref="learner/12", field=field).delete()

    assert verdict_on_log() == NamesGone(0, "learner/12", field)


def record_erasure(ref: str, searches: int = 0) -> None:
    detail = {"searches_deleted": searches}
    record(
        Event(action=ERASURE, subject=ref, people=(Person(ref=ref),), detail=detail),
        by=PRIYA,
        at=AT,
    )


@pytest.mark.parametrize("chunk", [1, 3, CHUNK], ids=str)
def test_an_erasure_explains_missing_names_of_that_person_and_before_it_only(
    db: None, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(reader, "CHUNK", chunk)
    write_log(4)
    PersonalValue.objects.filter(ref="learner/12").delete()
    record_erasure("learner/12")
    assert isinstance(verdict_on_log(), Unsealed)

    write_log(1)
    PersonalValue.objects.filter(ref="learner/12").delete()

    assert verdict_on_log() == NamesGone(5, "learner/12", "name")


def test_only_as_many_searches_may_be_missing_as_erasures_deleted(db: None) -> None:
    for text in ("elif", "amara"):
        searched = (Person(ref=SEARCH_REF, name=text),)
        record(Event(action="log.searched", subject="log", people=searched), by=PRIYA, at=AT)
    PersonalValue.objects.filter(ref=SEARCH_REF, value="elif").delete()
    record_erasure("learner/12", searches=1)
    assert isinstance(verdict_on_log(), Unsealed)

    PersonalValue.objects.filter(ref=SEARCH_REF).delete()

    assert verdict_on_log() == NamesGone(0, SEARCH_REF, "name")


def test_forgotten_values_are_checked_again(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_REMEMBERED > 0
    monkeypatch.setattr(name_scan, "MAX_REMEMBERED", 0)
    write_log(600)
    assert isinstance(verdict_on_log(), Unsealed)

    alter_names("UPDATE {table} SET value = 'X' WHERE ref = 'learner/12' AND field = 'name'")

    assert verdict_on_log() == NameAltered(0, "learner/12", "name", NameFault.VALUE)


@pytest.fixture
def altered_name(db: None) -> str:
    """Write a log and alter the name of the person in entry 1."""
    write_log(3)
    alter_names("UPDATE {table} SET value = 'Mallory' WHERE ref = 'learner/13' AND field = 'name'")
    return "Mallory"


def test_an_altered_name_is_not_shown_and_raises_the_alarm(
    altered_name: str, caplog: pytest.LogCaptureFixture
) -> None:
    commitment = PersonalValue.objects.get(value=altered_name).commitment

    assert clear_values([commitment]) == {commitment: ALTERED_NAME}
    assert [entry.name for entry in caplog.records] == ["assignments.audit.alarm"]
    assert altered_name not in caplog.text


@pytest.fixture
def auditor(db: None, client: Client) -> Client:
    """Return a signed-in auditor's client."""
    client.force_login(make_user("auditor"))
    return client


@pytest.mark.parametrize(
    "path", [reverse("audit"), reverse("audit-print"), reverse("entry", args=[1])]
)
def test_pages_show_a_mark_and_a_band(auditor: Client, altered_name: str, path: str) -> None:
    text = auditor.get(path).content.decode()

    assert altered_name not in text
    assert ALTERED_NAME in text
    assert 'role="alert"' in text


def test_results_of_programs_show_the_mark(altered_name: str) -> None:
    page = json.dumps(
        fetch_results(parse("entry:1", today=AT.date()), before=None, limit=5).entries
    )

    assert altered_name not in page
    assert ALTERED_NAME in page


def test_one_entry_and_search_results_are_checked(altered_name: str) -> None:
    check = check_entry(1)
    assert check.state == State.ALTERED
    assert check.own_fault.startswith("A name is not the one recorded: the name of learner/13")
    assert check_entry(0).own_fault == ""

    verdict = verify_results(parse("action:created", today=AT.date()), by=PRIYA, now=AT)

    assert [fault.seq for fault in verdict.faults] == [1, 2]


def test_files_show_the_mark_and_the_pack_says_so(altered_name: str, tmp_path: Path) -> None:
    context = ExportContext(by=PRIYA, now=AT, folder=tmp_path)
    table, pack = io.BytesIO(), tmp_path / "pack.zip"

    export_log(query=parse("entry:1", today=AT.date()), format="csv", context=context, out=table)
    with pack.open("wb") as out:
        export_log(query=parse("entry:1", today=AT.date()), format="pack", context=context, out=out)

    assert altered_name not in table.getvalue().decode()
    assert ALTERED_NAME in table.getvalue().decode()
    with zipfile.ZipFile(pack) as file:
        texts = {name: file.read(name).decode(errors="replace") for name in file.namelist()}
    assert [name for name, text in texts.items() if altered_name in text] == []
    assert json.loads(texts["manifest.json"])["altered_names"] == 1
    assert "1 name had been altered" in texts["README.txt"]
    verdict = verify_exported_file(pack)
    assert (verdict.word, "1 were not the ones recorded" in verdict.sentence) == ("altered", True)
