"""Erasure: no stored text names the person any more, and assignments and entries stay."""

import json
import logging
import re
import sqlite3
import zipfile
from contextlib import closing
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError, OperationalError
from hypothesis import given
from hypothesis import strategies as st

from assignments.audit.export.formats import ExportContext, export_log
from assignments.audit.log import Event, record
from assignments.audit.search.access_records import record_search
from assignments.audit.search.parser import parse
from assignments.audit.verification.exported_file import verify_exported_file
from assignments.audit.verification.whole_log import verdict_on_log
from assignments.models import (
    Assignment,
    Attempt,
    Audience,
    AudienceMember,
    Batch,
    Draft,
    DraftLearner,
    DraftUpload,
    Facet,
    FacetValue,
    Learner,
    LearnerFacet,
    LegalHold,
    LogEntry,
    LogExport,
    LogHead,
    PersonalValue,
)
from assignments.models.sql.secure_delete import overwrite_deleted
from assignments.models.sql.text_folding import fold
from assignments.models.sql.trigram_index import LEARNERS
from assignments.services.batches import row_changes, row_pipeline
from assignments.services.picking.uploads import files
from assignments.services.privacy import erasure
from assignments.services.privacy.erasure import ErasureRefused, ErasureResult, erase
from assignments.services.privacy.subjects import find_subject
from assignments.services.redaction import PERSON, redact_names
from dashboard.access.models import AccessToken, SignIn, User
from tests.factories import (
    AT,
    make_account,
    make_actor,
    make_audience,
    make_batch,
    make_export,
    make_learner,
    make_token,
    make_user,
)
from tests.log_fixtures import PRIYA
from tests.sealed_log import seal

pytestmark = pytest.mark.django_db
NAME, EMAIL, NUMBER = "Xqzelif Wvkyilmaz", "xqzelif.wvk@northwind.example", "NW-77419"
WORDS = (NAME, EMAIL, NUMBER, "xqzelif", "wvkyilmaz")
TODAY = AT.date()


def make_person(**fields):
    """Return a learner with an otherwise unused name."""
    return make_learner(
        name=NAME,
        email=EMAIL,
        external_reference=NUMBER,
        custom_fields={"manager": f"head of {NAME}"},
        fingerprint="f" * 32,
        **fields,
    )


def append(*events, by=PRIYA):
    """Append entries."""
    with transaction.atomic():
        for event in events:
            record(event, by=by, at=AT)


@pytest.fixture
def admin(db):
    """Return an administrator."""
    return make_user("admin")


def add_to_drafts(person, owner):
    """Add the person to a draft, its upload and audiences."""
    draft = Draft.objects.create(
        account=make_account(), owner=owner, created_at=AT, changed_at=AT, reason=f"For {NAME}"
    )
    DraftLearner.objects.create(draft=draft, learner=person)
    lines = ["email,content", *["somebody@else.example,X"] * 4, f"{EMAIL},X"]
    table = BytesIO("\n".join(lines).encode())
    files.store_file(draft=draft, file=table, name="people.csv", now=AT)
    make_audience(owner, person, make_learner(), name=f"Team of {NAME}")
    make_audience(owner, name="Sales", query="q=sales")
    make_audience(owner, name="Looking", query="q=Xqzelif+Wvkyilmaz")


def add_facet_value(person):
    """Add a facet whose value is the name."""
    facet = Facet.objects.create(
        account=make_account(), label="Manager", path="manager", position=0
    )
    value = FacetValue.objects.create(facet=facet, value=f"head of {NAME}")
    LearnerFacet.objects.create(value=value, learner=person)


@pytest.fixture
def world(admin):
    """Return a person who is stored in every table that can name one, with nothing unsettled."""
    person = make_person()
    batch = make_batch(
        [
            {"state": "created", "learner": person},
            {"state": "rejected"},
        ],
        reason=f"Asked for by {NAME}",
    )
    row = batch.assignments.get(learner=person)
    Assignment.objects.filter(pk=row.pk).update(problem=f"User {EMAIL} is slow")
    Attempt.objects.create(
        assignment=row,
        number=1,
        started_at=AT,
        finished_at=AT,
        outcome="created",
        problem=f"No {NUMBER}",
    )
    owner = make_user("manager")
    add_to_drafts(person, owner)
    add_facet_value(person)
    append(
        row_changes.row_event(row, "assignment.created", "created", response={"body": f"Hi {NAME}"})
    )
    record_search(query=parse("xqzelif", today=TODAY), count=1, by=make_actor(owner), now=AT)
    seal()
    return SimpleNamespace(person=person, admin=admin)


def in_tables():
    """Return pairs of table and word for the words that it contains, in clear or as JSON."""
    pairs = []
    for table in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{table}"')
            text = fold(repr([[_plain(cell) for cell in line] for line in cursor.fetchall()]))
        pairs += [(table, word) for word in WORDS if fold(word) in text]
    return pairs


def _plain(cell):
    return bytes(cell) if isinstance(cell, bytes | memoryview) else cell


def erase_person(world, reason="Asked for by letter of 12 November"):
    """Erase the person of the world fixture."""
    ref = f"learner/{world.person.pk}"
    return erase(ref=ref, reason=reason, by=make_actor(world.admin), now=AT)


def test_the_name_is_in_no_table_and_the_log_verifies(world):
    tables = {table for table, _ in in_tables()}
    assert tables >= {
        "assignments_learner",
        "assignments_personalvalue",
        "assignments_batch",
        "assignments_draft",
        "assignments_assignment",
        "assignments_attempt",
        "assignments_audience",
        "assignments_facetvalue",
    }
    counts = (Assignment.objects.count(), Learner.objects.count(), LogHead.objects.get().size)

    result = erase_person(world)

    assert in_tables() == []
    assert result == ErasureResult(f"learner/{world.person.pk}", counts[2], 3, result.texts, 1, [])
    assert result.texts >= 7
    assert (Assignment.objects.count(), Learner.objects.count()) == counts[:2]
    assert LogHead.objects.get().size == counts[2] + 1
    assert verdict_on_log().word == "intact"
    seal()
    assert verdict_on_log().word == "intact"


def test_the_entry_has_administrator_and_reason_but_no_name(world):
    result = erase_person(world)

    entry = LogEntry.objects.get(seq=result.entry)
    body = json.loads(bytes(entry.body))
    ref = f"learner/{world.person.pk}"
    assert (entry.action, entry.subject, entry.person) == ("personal_data.erased", ref, ref)
    assert body["people"] == [{"ref": ref}]
    assert entry.actor == f"user/{world.admin.pk}"
    assert body["detail"] == {
        "reason": "Asked for by letter of 12 November",
        "values_deleted": 3,
        "texts_redacted": result.texts,
        "searches_deleted": 1,
        "rows_kept": 1,
        "named_in_entries": [],
    }


def test_the_person_is_removed_from_drafts_and_others_stay(world):
    erase_person(world)

    assert not DraftLearner.objects.exists()
    assert not DraftUpload.objects.exists()
    assert [member.learner_id for member in AudienceMember.objects.all()] != [world.person.pk]
    assert AudienceMember.objects.count() == 1
    assert not FacetValue.objects.exists()
    audience = Audience.objects.get(kind="fixed")
    assert audience.name == f"Audience {audience.pk}"
    assert Audience.objects.get(kind="filter").name == "Sales"
    assert Draft.objects.get().reason == "For an erased person"
    assert Batch.objects.get().reason == "Asked for by an erased person"


def test_a_facet_value_of_other_learners_stays(world):
    LearnerFacet.objects.create(value=FacetValue.objects.get(), learner=make_learner())

    erase_person(world)

    assert LearnerFacet.objects.count() == 1
    assert FacetValue.objects.get().people == 1


def test_a_guess_cannot_be_confirmed(world):
    ref = f"learner/{world.person.pk}"
    salts = [bytes(value.salt) for value in PersonalValue.objects.filter(ref=ref)]

    erase_person(world)

    with connection.cursor() as cursor:
        cursor.execute("SELECT salt FROM assignments_personalvalue")
        salts_on_disk = [bytes(salt) for (salt,) in cursor.fetchall()]
    assert len(salts) == 3
    assert not set(salts) & set(salts_on_disk)
    assert Learner.objects.get(pk=world.person.pk).fingerprint == ""


def test_a_reviewed_plan_is_discarded(admin):
    person = make_person()
    plan = make_batch([{"state": "planned", "learner": person}], state="planned", submitted_at=None)
    Draft.objects.create(
        pk=plan.submission_key,
        account=plan.account,
        owner=plan.by,
        created_at=AT,
        changed_at=AT,
    )

    erase(ref=f"learner/{person.pk}", reason="Asked", by=make_actor(admin), now=AT)

    assert not Batch.objects.exists()
    assert Draft.objects.exists()


@pytest.mark.parametrize("state", ["queued", "sending", "unknown", "planned"])
def test_refused_with_unsettled_assignments(admin, state):
    person = make_person()
    batch = make_batch([{"state": state, "learner": person}], state="paused")

    with pytest.raises(ErasureRefused) as refused:
        erase(ref=f"learner/{person.pk}", reason="Asked", by=make_actor(admin), now=AT)

    assert str(refused.value) == (
        f"Assignments to them in {batch} are not settled yet. Wait until they are, stop "
        "the batch, or decide about the rows that wait for a decision."
    )
    assert Learner.objects.get().name == NAME


@pytest.mark.parametrize(
    ("ref", "sentence"),
    [
        (
            "learner/{}",
            "A legal hold on this person forbids it. Release the hold first, and say why.",
        ),
        (
            "account/{}",
            "A legal hold on their account forbids it. Release the hold first, and say why.",
        ),
    ],
)
def test_refused_under_a_legal_hold(admin, ref, sentence):
    person = make_person()
    pk = person.pk if ref.startswith("learner") else person.account_id
    LegalHold.objects.create(ref=ref.format(pk), reason="Case 7", placed_by="user/1", placed_at=AT)

    with pytest.raises(ErasureRefused) as refused:
        erase(ref=f"learner/{person.pk}", reason="Asked", by=make_actor(admin), now=AT)

    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (" ", "Give a reason. It stays in the log."),
        (
            f"{NAME.upper()} asked",
            "Leave the person's name out of the reason: it stays in the log.",
        ),
    ],
)
def test_refused_without_a_valid_reason(world, reason, sentence):
    with pytest.raises(ErasureRefused) as refused:
        erase_person(world, reason=reason)

    assert str(refused.value) == sentence


@pytest.mark.parametrize("ref", ["learner/999", "user/999", "batch/1", "learner/x"])
def test_refused_for_an_unknown_ref(admin, ref):
    with pytest.raises(ErasureRefused, match="No person has the ref"):
        erase(ref=ref, reason="Asked", by=make_actor(admin), now=AT)


def test_erasing_twice_is_refused(world):
    erase_person(world)

    with pytest.raises(ErasureRefused, match="erased already"):
        erase_person(world)


def test_nothing_is_erased_if_recording_fails(world, monkeypatch):
    def fail(*_args, **_more):
        raise RuntimeError

    monkeypatch.setattr(erasure, "record", fail)
    with pytest.raises(RuntimeError), transaction.atomic():
        erase_person(world)

    assert Learner.objects.get(pk=world.person.pk).name == NAME
    assert PersonalValue.objects.filter(value=NAME).exists()


def test_the_database_refuses_a_name_for_an_erased_person(world):
    erase_person(world)

    with pytest.raises(IntegrityError), transaction.atomic():
        Learner.objects.filter(pk=world.person.pk).update(name=NAME)


def test_entries_whose_text_names_the_person_are_listed(world):
    append(Event(action="batch.paused", subject="batch/1", detail={"reason": f"{NAME} called"}))
    number = LogHead.objects.get().size - 1

    assert erase_person(world).naming_entries == [number]


def test_a_former_user_is_erased(admin):
    former_user = make_user("manager", name=NAME, email=EMAIL, groups=["lnd"])
    batch = make_batch(["created"], by=former_user)
    Batch.objects.update(by_name=NAME)
    draft = Draft.objects.create(
        account=make_account(), owner=former_user, created_at=AT, changed_at=AT
    )
    append(
        row_changes.row_event(batch.assignments.get(), "assignment.created", "created"),
        by=make_actor(former_user),
    )
    SignIn.objects.create(
        session_key="k", user=former_user, started_at=AT, last_seen_at=AT, expires_at=AT
    )
    make_token(former_user)

    result = erase(ref=f"user/{former_user.pk}", reason="Left", by=make_actor(admin), now=AT)

    assert [pair for pair in in_tables() if pair[1] != NUMBER] == []
    assert (result.values, result.rows) == (2, 1)
    user = User.objects.get(pk=former_user.pk)
    assert (user.issuer, user.subject, user.roles, user.groups, user.is_active) == (
        "erased",
        f"user/{former_user.pk}",
        [],
        [],
        False,
    )
    assert Batch.objects.get().by_name == str(user) == "an erased person"
    assert not SignIn.objects.exists()
    assert not AccessToken.objects.exists()
    draft.refresh_from_db()
    assert draft.discarded_at == AT
    person = find_subject(f"user/{former_user.pk}")
    assert person is not None
    assert person.is_erased


def test_refused_for_a_user_with_what_to_do(admin):
    batch = make_batch(["queued"], by=admin, state="running")
    other = make_batch(["unknown"] * 6, by=admin)
    SignIn.objects.create(
        session_key="k",
        user=admin,
        started_at=AT,
        last_seen_at=AT,
        expires_at=AT.replace(year=2027),
    )

    with pytest.raises(ErasureRefused) as refused:
        erase(ref=f"user/{admin.pk}", reason="Left", by=make_actor(admin), now=AT)

    assert str(refused.value) == (
        "You cannot erase yourself. Ask another administrator to do it. They are signed in. Revoke "
        f"their access, then sign them out under Settings. Their {batch}, "
        f"{other} is not settled yet. Wait until it is, stop the batch, or decide "
        "about the rows that wait for a decision."
    )


def test_a_sync_does_not_bring_the_name_back(desk, admin):
    person = Learner.objects.filter(is_active=True, remote_assignments__isnull=False)[0]
    before = Learner.objects.count()
    erase(ref=f"learner/{person.pk}", reason="Asked", by=make_actor(admin), now=desk.clock())

    for _ in range(2):
        desk.clock.skip(hours=25)
        desk.sync()
        # Gone from the LMS for a while, or not: both ways nothing is known.
        Learner.objects.filter(pk=person.pk).update(left_at=AT)

    again = Learner.objects.get(pk=person.pk)
    assert (again.name, again.email, again.custom_fields) == ("", "", {})
    assert (again.is_active, str(again), Learner.objects.count()) == (
        False,
        "an erased person",
        before,
    )
    assert again.remote_assignments.exists()
    assert not PersonalValue.objects.filter(ref=f"learner/{person.pk}").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("User ELIF@x.example is gone", f"User {PERSON} is gone"),
        ("Elif Yılmaz", PERSON),  # noqa: RUF001
        ('{"name": "Elif Y\\u0131lmaz"}', f'{{"name": "{PERSON}"}}'),
        ("NW-1037 and NW-10371", f"{PERSON} and NW-10371"),
        ("Li, 12345 and Bo", "Li, 12345 and Bo"),
    ],
)
def test_names_are_redacted_in_texts(text, expected):
    names = ("Elif Yılmaz", "elif@x.example", "NW-1037", "Li", "12345")  # noqa: RUF001

    assert redact_names(text, names) == expected


def test_names_are_redacted_at_every_depth_of_json():
    reply = {"errors": [{"for": NAME, "lines": [["no such user", NAME]]}, 404, None]}

    assert redact_names(reply, [NAME]) == {
        "errors": [{"for": PERSON, "lines": [["no such user", PERSON]]}, 404, None]
    }


@given(
    name=st.text(st.characters(categories=["L"]), min_size=4, max_size=12),
    around=st.lists(st.text(st.characters(codec="ascii"), max_size=9), min_size=2, max_size=2),
)
def test_a_name_never_stays_in_a_text(name, around):
    text = redact_names(f"{around[0]} {name} {around[1]}", [name], replacement="-")

    assert not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)


def test_responses_of_the_lms_are_recorded_without_the_name():
    person = make_person()
    row = make_batch([{"state": "created", "learner": person}]).assignments.get()
    reply = {"status": 400, "body": f'{{"message": "{EMAIL} is unknown"}}'}

    change = row_changes.change_of(
        row,
        "assignment.rejected",
        "rejected",
        {"problem": f"{NAME}?"},
        {"problem": f"{NAME}?", "response": reply},
    )
    row_pipeline.carry_out(row_pipeline.Decision([change]), now=AT)

    row.refresh_from_db()
    assert isinstance(change.event, Event)
    assert row.problem == change.event.detail["problem"] == f"{PERSON}?"
    assert change.event.detail["response"] == {
        "status": 400,
        "body": f'{{"message": "{PERSON} is unknown"}}',
    }


def test_exports_after_the_erasure_verify_without_the_name(world, tmp_path):
    before = export_to_file("jsonl", tmp_path)

    erase_person(world)

    after = [export_to_file(kind, tmp_path) for kind in ("pack", "csv", "xlsx", "jsonl")]
    for path in (before, after[0], after[3]):
        assert (path, verify_exported_file(path).word) == (path, "intact")
    for path in (before, *after):
        content = unpack(path.read_bytes()).lower()
        assert [word for word in WORDS if word.lower().encode() in content] == []
    assert b"an erased person" in unpack(after[0].read_bytes())
    assert b"an erased person" in after[1].read_bytes()


def export_to_file(kind, folder):
    """Export the whole log to a file."""
    path = folder / f"{len(list(folder.iterdir()))}.{kind}"
    context = ExportContext(by=PRIYA, now=AT, folder=folder)
    with path.open("wb") as out:
        export_log(query=parse("", today=TODAY), format=kind, context=context, out=out)
    return path


def unpack(raw):
    """Return everything in a file, and in the files in it."""
    if not zipfile.is_zipfile(BytesIO(raw)):
        return raw
    with zipfile.ZipFile(BytesIO(raw)) as pack:
        return b"".join(unpack(pack.read(name)) for name in pack.namelist())


@pytest.mark.django_db(transaction=True)
def test_files_of_exports_are_recalled(tmp_path, settings):
    settings.EXPORT_DIR = tmp_path
    person, admin = make_person(), make_user("admin")
    ready = make_export(
        admin, state="ready", file_name="export-1.csv", expires_at=AT.replace(year=2027)
    )
    (tmp_path / "export-1.csv").write_text(NAME)
    writing = make_export(admin, state="writing", worker="r-1", search="fire")
    naming = make_export(admin, search="person:wvkyilmaz")
    failed = make_export(admin, state="failed", search="wvkyilmaz", problem="No space left.")

    erase(ref=f"learner/{person.pk}", reason="Asked", by=make_actor(admin), now=AT)

    assert not list(tmp_path.iterdir())
    exports = [LogExport.objects.get(pk=export.pk) for export in (ready, writing, naming, failed)]
    assert [(export.state, export.search, export.worker) for export in exports] == [
        ("expired", "", ""),
        ("waiting", "fire", ""),
        ("failed", "", ""),
        ("failed", "", ""),
    ]
    assert exports[2].problem.startswith("The search named a person who has been erased.")
    assert exports[3].problem == "No space left."


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's files")
def test_the_bytes_are_deleted_from_database_index_and_journal(caplog):
    for number in range(40):
        make_learner(name=f"Neighbour {number}")
    person = make_person()
    # Older names in the index, and rows that grew and moved.
    Learner.objects.filter(pk=person.pk).update(search_text=fold(f"{NAME} {EMAIL} {NUMBER}"))
    admin = make_user("admin")
    row = make_batch([{"state": "created", "learner": person}]).assignments.get()
    append(row_changes.row_event(row, "assignment.created", "created"))
    long = f"{NAME} " * 4_000
    draft = Draft.objects.create(account=make_account(), owner=admin, created_at=AT, changed_at=AT)
    draft.changes.create(sentence=long, created_at=AT)
    draft.changes.all().delete()
    assert any(word.encode() in on_disk() for word in WORDS)
    assert b"xqz" in on_disk()
    assert b"wvk" in on_disk()

    with caplog.at_level(logging.DEBUG):
        erase(ref=f"learner/{person.pk}", reason="Asked", by=make_actor(admin), now=AT)

    raw = on_disk()
    assert [word for word in WORDS if word.lower().encode() in raw.lower()] == []
    # Three letters stand in some hash now and then, but not both times three.
    assert not (b"xqz" in raw and b"wvk" in raw)
    assert [word for word in WORDS if word in caplog.text] == []
    assert verdict_on_log().word == "not sealed"


def on_disk():
    """Return every byte of the database's files."""
    name = Path(connection.settings_dict["NAME"])
    return b"".join(path.read_bytes() for path in name.parent.glob(f"{name.name}*"))


@pytest.mark.django_db(transaction=True)
def test_overwriting_reports_a_blocking_reader(caplog, monkeypatch):
    assert overwrite_deleted(LEARNERS)
    assert overwrite_deleted(LEARNERS), "with no empty pages left or not, twice is the same"

    def fail(*_index):
        raise OperationalError("database is locked\nmore")

    monkeypatch.setattr("assignments.models.sql.secure_delete._overwrite_sqlite", fail)
    monkeypatch.setattr("assignments.models.sql.secure_delete._vacuum", fail)
    assert not overwrite_deleted(LEARNERS)
    assert "because the journal is in use: database is locked. It is" in caplog.text


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="a journal of SQLite's")
def test_a_journal_in_use_is_not_reported_as_empty(caplog):
    make_person()
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM assignments_learner").fetchone()
        make_learner()
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout=1")

        assert not overwrite_deleted(LEARNERS)

    assert "because the journal is in use: another connection reads it." in caplog.text
    connection.close()
