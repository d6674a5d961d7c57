"""Exports in the background: asked for, written by a worker, handed out, and forgotten."""

import csv
import errno
import hashlib
import json
import os
import stat
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from assignments import tasks
from assignments.audit.entries.actors import SYSTEM, Person
from assignments.audit.export import scope
from assignments.audit.export.formats import FORMATS
from assignments.audit.log import Event, record, record_all
from assignments.audit.seals.sealing import NotSealed
from assignments.audit.search.parser import parse
from assignments.audit.verification import standalone
from assignments.models import LogEntry, LogExport, LogSeal
from assignments.services.exporting import download, export_request, files, job
from assignments.services.exporting.dossiers import Sample
from tests import log_tampering
from tests.factories import make_actor, make_batch, make_export, make_user
from tests.log_fixtures import AT, ELIF, created, write_log
from tests.test_audit_signed_note import PUBLIC

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(minutes=1)


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    """Keep the files of this test to itself."""
    settings.EXPORT_DIR = tmp_path / "exports"
    return tmp_path / "exports"


@pytest.fixture
def ada():
    """Return an auditor."""
    return make_user("auditor")


def ask(user, text="", form="csv", now=AT, sample=None):
    """Ask for an export as the page does."""
    return export_request.request_export(
        query=parse(text, today=now.date()),
        format=form,
        owner_pk=user.pk,
        by=make_actor(user),
        now=now,
        sample=sample,
    )


def go_on(export, now=LATER, may_go_on=lambda: True):
    """Let a worker write it and return it as it is then."""
    job.write_export(export=export, clock=lambda: now, may_go_on=may_go_on)
    export.refresh_from_db()
    return export


def entries_about(export) -> list[tuple[str, dict[str, object]]]:
    """Return the log's entries about the export: action and detail."""
    told = LogEntry.objects.filter(subject=f"export/{export.pk}").order_by("seq")
    return [(entry.action, log_tampering.body(entry.seq)["detail"]) for entry in told]


def actors_of(export) -> list[str]:
    """Return who did what with the export."""
    told = LogEntry.objects.filter(subject=f"export/{export.pk}").order_by("seq")
    return list(told.values_list("actor", flat=True))


@pytest.mark.parametrize("form", FORMATS)
def test_an_export_holds_the_log_as_it_was_when_it_was_asked_for(ada, folder, form):
    write_log(5)
    export = ask(ada, "action:created", form)
    write_log(3)

    export = go_on(export)

    assert (export.state, export.log_size, export.entries, export.problem) == ("ready", 5, 5, "")
    assert export.entries_to_write == 5 * (5 if form == "pack" else 1)
    (file,) = folder.iterdir()
    assert file.name == export.file_name
    with files.open_file(file.name) as opened:
        assert len(opened.read()) == file.stat().st_size == export.file_bytes
    assert export.expires_at == LATER + timedelta(hours=24)
    assert entries_about(export) == [
        ("export.requested", {"search": "action:created", "log_size": 5}),
        (
            "log.exported",
            {
                "search": "action:created",
                "entries": 5,
                "bytes": export.file_bytes,
                "sha256": export.sha256,
            },
        ),
    ]
    assert set(actors_of(export)) == {f"user/{ada.pk}"}


def test_a_file_is_for_its_owner_alone(ada, folder):
    write_log(1)
    export = go_on(ask(ada))

    assert stat.S_IMODE((folder / export.file_name).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("text", ["", "amara"], ids=["the whole log", "a part"])
def test_a_pack_of_an_earlier_moment_is_intact(ada, folder, text):
    write_log(7)
    export = ask(ada, text, "pack")
    write_log(4)

    export = go_on(export)

    found = standalone.verify_file(folder / export.file_name, [PUBLIC])
    assert found.word == "intact", found.sentence
    with zipfile.ZipFile(folder / export.file_name) as pack:
        manifest = json.loads(pack.read("manifest.json"))
        names = {"entries.jsonl", "entries.csv", "entries.xlsx", "seals.jsonl", "verify.py"}
        assert names < manifest["files"].keys()
    numbers = [0, 1, 2, 3, 4, 5, 6] if not text else [1, 2, 4, 5]
    assert manifest["control_totals"] == {
        "seq_sum": sum(numbers),
        "actions": {"assignment.created": len(numbers)},
        "results": {"created": len(numbers)},
    }
    assert (manifest["log"]["size"], manifest["search"]) == (7, text)
    assert manifest["created_by"]["ref"] == f"user/{ada.pk}"


def test_control_totals_that_are_not_those_of_the_entries_are_named(ada, folder):
    write_log(3)
    export = go_on(ask(ada, "", "pack"))
    # The manifest's signature is out of the way, as if whoever lies had the key.
    told = standalone._read_manifest

    def lied(pack, keys):
        return {**told(pack, keys), "control_totals": {"seq_sum": 2, "actions": {}, "results": {}}}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(standalone, "_read_manifest", lied)
        found = standalone.verify_file(folder / export.file_name, [PUBLIC])
    assert found.sentence == "The manifest's control totals do not match the entries."


def test_an_export_without_a_key_goes_out_unsealed_but_a_pack_does_not(ada, folder, settings):
    settings.AUDIT_SIGNING_KEY, settings.AUDIT_OWN_KEY_FILE = "", None
    write_log(3)
    export = ask(ada, "", "jsonl")
    write_log(2)

    export = go_on(export)

    found = standalone.verify_file(folder / export.file_name)
    assert found.sentence.startswith("Not proven: 3 entries checked; they are consistent")
    with pytest.raises(NotSealed):
        ask(ada, "", "pack")
    assert LogExport.objects.count() == 1


def test_a_person_has_few_exports_under_way(ada):
    write_log(1)
    for _ in range(export_request.MAX_OPEN):
        ask(ada)

    with pytest.raises(export_request.ExportRefused, match="You have 3 unfinished exports"):
        ask(ada)

    ask(make_user("auditor"))
    go_on(LogExport.objects.filter(owner=ada)[0])
    assert ask(ada).pk


def test_a_word_such_as_today_means_the_day_of_asking(ada):
    write_log(2)
    export = ask(ada, "when:today action:assignment.created")

    assert go_on(export, now=AT + timedelta(days=2)).entries == 2


def test_what_may_name_a_person_is_in_clear_only_until_the_file_expires(ada, folder):
    write_log(3)
    export = go_on(ask(ada, "elif action:created"))
    assert (export.search, export.redacted_search) == ("elif action:created", "… action:created")

    download.expire_exports(now=LATER + timedelta(hours=23))
    assert (folder / export.file_name).exists()
    download.expire_exports(now=LATER + timedelta(hours=24))
    download.expire_exports(now=LATER + timedelta(hours=24))

    export.refresh_from_db()
    assert (export.state, export.search, export.file_name) == ("expired", "", "")
    assert list(folder.iterdir()) == []
    (*_, (action, detail)) = entries_about(export)
    assert (action, detail) == ("export.file_deleted", {"search": "… action:created"})
    assert len(entries_about(export)) == 3
    last = LogEntry.objects.order_by("-seq")[0]
    assert (last.actor, last.person) == ("system", f"user/{ada.pk}")


def test_a_download_is_recorded_and_refused_when_its_time_is_over(ada):
    write_log(1)
    export = ask(ada)
    with pytest.raises(download.FileGone, match="has no file"):
        download.open_download(export=export, by=make_actor(ada), now=LATER)
    export = go_on(export)

    with download.open_download(export=export, by=make_actor(ada), now=LATER) as file:
        assert file.read().startswith(b"\xef\xbb\xbfEntry,")
    with pytest.raises(download.FileGone, match="Request it again"):
        download.open_download(export=export, by=make_actor(ada), now=export.expires_at)

    (*_, (action, detail)) = entries_about(export)
    assert (action, detail["sha256"], detail["entries"]) == ("export.downloaded", export.sha256, 1)


def test_a_file_that_is_on_another_machine_is_said_to_be(ada, folder):
    write_log(1)
    export = go_on(ask(ada))
    (folder / export.file_name).unlink()

    with pytest.raises(download.FileGone, match="every machine needs the same EXPORT_DIR"):
        download.open_download(export=export, by=make_actor(ada), now=LATER)


def test_a_worker_that_was_killed_is_followed_by_another(ada, folder):
    write_log(3)
    export = ask(ada)
    killed = {
        "state": "writing",
        "worker": "dead",
        "progressed_at": AT,
        "attempts": 1,
        "entries_written": 2,
    }
    LogExport.objects.update(**killed)

    assert job.select_exports_to_wake(now=AT + timedelta(seconds=89)) == []
    assert go_on(export, now=AT + timedelta(seconds=89)).worker == "dead"
    assert job.select_exports_to_wake(now=AT + timedelta(seconds=91)) == [export.pk]
    export = go_on(export, now=AT + timedelta(seconds=91))

    assert (export.state, export.entries, export.attempts) == ("ready", 3, 2)
    assert export.worker != "dead"


def test_an_export_that_kills_its_workers_fails_truthfully(ada):
    write_log(1)
    export = make_export(ada, attempts=job.MAX_ATTEMPTS, search="elif")

    export = go_on(export)

    assert (export.state, export.problem) == ("failed", job.GAVE_UP)
    assert entries_about(export)[-1] == (
        "export.failed",
        {"search": "", "problem": job.GAVE_UP},
    )
    download.expire_exports(now=export.expires_at)
    export.refresh_from_db()
    assert (export.state, export.search) == ("failed", "")


def test_a_worker_that_is_asked_to_stop_gives_the_export_back(ada, folder, monkeypatch):
    monkeypatch.setattr(scope, "CHUNK", 1)
    write_log(3)
    export = ask(ada)
    ticks = iter(range(100))

    job.write_export(
        export=export,
        clock=lambda: LATER + timedelta(seconds=2 * next(ticks)),
        may_go_on=lambda: False,
    )

    export.refresh_from_db()
    assert (export.state, export.worker, export.attempts, export.entries_written) == (
        "waiting",
        "",
        0,
        1,
    )
    assert list(folder.iterdir()) == []
    assert go_on(export).state == "ready"


def test_a_worker_that_lost_its_export_to_another_changes_nothing(ada, folder, monkeypatch):
    write_log(3)
    export = ask(ada)
    make = files.write_file

    def overtaken(name, write):
        made = make(name, write)
        LogExport.objects.update(worker="another")
        return made

    monkeypatch.setattr(files, "write_file", overtaken)
    export = go_on(export)

    assert (export.state, export.worker, export.entries) == ("writing", "another", None)
    assert list(folder.iterdir()) == []
    assert [action for action, _ in entries_about(export)] == ["export.requested"]


def test_a_full_disk_is_said_in_words(ada, folder, monkeypatch):
    write_log(1)
    export = ask(ada)

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    export = go_on(export)

    assert export.state == "failed"
    assert export.problem == (
        "The file could not be written: No space left on device. Tell whoever runs this site, then "
        "request the export again."
    )
    assert list(folder.iterdir()) == []


def test_proofs_that_cannot_be_worked_out_are_said_in_words(ada, settings):
    write_log(1)
    export = ask(ada, "", "pack")
    settings.AUDIT_SIGNING_KEY, settings.AUDIT_OWN_KEY_FILE = "", None

    export = go_on(export)

    assert export.state == "failed"
    assert export.problem.startswith("The proofs could not be computed: AUDIT_SIGNING_KEY is not")


def test_what_was_left_behind_is_swept(ada, folder, settings):
    write_log(1)
    export = go_on(ask(ada))
    (folder / "writing-of-a-killed-worker").mkdir()
    (folder / "writing-of-a-killed-worker" / "part").touch()
    (folder / "export-99-lost.csv").touch()
    (folder / "of-somebody-else").touch()
    old = (LATER - timedelta(days=9)).timestamp()
    for name in ("writing-of-a-killed-worker", "export-99-lost.csv", "of-somebody-else"):
        os.utime(folder / name, (old, old))

    download.expire_exports(now=LATER)

    assert {path.name for path in folder.iterdir()} == {export.file_name, "of-somebody-else"}


@pytest.mark.django_db(transaction=True)
def test_the_schedule_wakes_each_export_now_and_then(ada, clock):
    write_log(1)
    export = ask(ada)

    assert job.select_exports_to_wake(now=AT + timedelta(seconds=1)) == [export.pk]
    assert job.select_exports_to_wake(now=AT + timedelta(seconds=30)) == []
    assert job.select_exports_to_wake(now=AT + timedelta(seconds=32)) == [export.pk]
    tasks.enqueue_exports()
    tasks.write_export.func(export.pk)
    export.refresh_from_db()
    assert export.state == "ready"
    clock.shift(timedelta(days=2))
    tasks.delete_expired_exports()
    export.refresh_from_db()
    assert export.state == "expired"


def test_the_seal_of_an_export_is_that_of_its_moment(ada, folder):
    write_log(4)
    export = ask(ada, "", "jsonl")
    write_log(4)
    export = go_on(export)

    found = standalone.verify_file(folder / export.file_name, [PUBLIC])
    assert found.word == "intact", found.sentence
    assert LogSeal.objects.get(number=export.seal_number).size == export.log_size == 4


def test_a_name_that_is_disclosed_twice_still_fits(ada, folder, monkeypatch):
    monkeypatch.setattr("assignments.audit.export.evidence_pack.MAX_REMEMBERED", 1)
    monkeypatch.setattr(scope, "CHUNK", 1)
    write_log(4)
    export = go_on(ask(ada, "", "pack"))

    with zipfile.ZipFile(folder / export.file_name) as pack:
        lines = pack.read("disclosures.jsonl").splitlines()
    assert len(lines) > len(set(lines))
    assert standalone.verify_file(folder / export.file_name, [PUBLIC]).word == "intact"


def drawn_again(folder, name) -> tuple[list[int], list[int]]:
    """Return the sample that a pack says, and the one drawn from its population by hand."""
    with zipfile.ZipFile(folder / name) as pack:
        said = json.loads(pack.read("manifest.json"))["sample"]
        numbers = pack.read("population.txt").decode().split()
    places = sorted(
        (hashlib.sha256(f"{said['seed']}:{n}".encode()).hexdigest(), n) for n in numbers
    )
    return said["drawn_entries"], [int(n) for _, n in places[: len(said["drawn_entries"])]]


@pytest.fixture
def sampled(ada, folder):
    """Return a sample of 5 of 13 entries; the log went on after it was asked for."""
    write_log(20)
    with transaction.atomic():
        record(created(1, Person(ref="learner/6")), by=make_actor(ada), at=AT)
    export = ask(ada, "amara", "pack", sample=Sample(5, "q3-2026"))
    write_log(20)
    return go_on(export)


def test_a_sample_is_a_pack_that_can_be_drawn_again(sampled, folder):
    assert (sampled.state, sampled.problem, sampled.entries) == ("ready", "", 5)
    found = standalone.verify_file(folder / sampled.file_name, [PUBLIC])
    assert found.word == "intact", found.sentence
    said, again = drawn_again(folder, sampled.file_name)
    assert said == again
    told = [detail for _, detail in entries_about(sampled)]
    assert [(one["seed"], one["sample_size"]) for one in told] == [("q3-2026", 5)] * 2


def test_a_sample_tells_of_each_entry_that_was_drawn(sampled, folder):
    said, _ = drawn_again(folder, sampled.file_name)
    with zipfile.ZipFile(folder / sampled.file_name) as pack:
        manifest = json.loads(pack.read("manifest.json"))
        readme = pack.read("README.txt").decode()
        rows = pack.read("sample.csv").decode().splitlines()
        dossier = pack.read("dossier-001.txt").decode()

    assert manifest["sample"]["population_size"] == 13
    assert "5 of 13 entries, drawn with the seed q3-2026\nfrom: amara" in readme
    assert [int(row.split(",")[2]) for row in rows[1:]] == said
    assert f"DOSSIER 1 OF 5: ENTRY {said[0]}\n" in dossier
    assert LogSeal.objects.get().note in dossier


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_memory_holds_one_chunk_whatever_the_size(ada, form, monkeypatch):
    most = []
    monkeypatch.setattr(scope, "CHUNK", 3)
    write_log(10)
    chunks = scope.ExportScope.chunks

    def counted(self, *args):
        for chunk in chunks(self, *args):
            most.append(len(chunk))
            yield chunk

    monkeypatch.setattr(scope.ExportScope, "chunks", counted)
    go_on(ask(ada, "", form))
    assert most == [3, 3, 3, 1]


@pytest.fixture
def assigned(ada) -> str:
    """Return the subject of a row that was submitted, sent and confirmed; two entries."""
    row = make_batch(["created"]).assignments.get()
    batch, about = f"batch/{row.batch_id}", f"assignment/{row.pk}"
    reason = {"people": 1, "items": 1, "reason": "Policy DP-14"}
    submitted = Event(action="batch.submitted", subject=batch, batch=batch, detail=reason)
    item = {"ref": f"content/{row.content_id}", "title": "GDPR <2027>"}
    sent = {"request": {"due_date": None, "api_key": "s3cret"}, "response": {"status": 201}}
    created = Event(
        action="assignment.created",
        subject=about,
        batch=batch,
        people=(Person(ref=f"learner/{row.learner_id}", name="Elif Yilmaz"),),
        detail={"content": item, **sent},
    )
    with transaction.atomic():
        record_all([submitted, created], by=make_actor(ada), at=AT)
    return about


def test_a_dossier_tells_why_the_person_has_the_item(ada, folder, assigned):
    export = ask(ada, f"about:{assigned}", "pack", sample=Sample(3, "seed"))
    batch = LogEntry.objects.get(seq=0).batch
    with transaction.atomic():
        record(Event(action="batch.completed", subject=batch, batch=batch), by=SYSTEM, at=AT)

    export = go_on(export)

    assert standalone.verify_file(folder / export.file_name, [PUBLIC]).word == "intact"
    with zipfile.ZipFile(folder / export.file_name) as pack:
        dossier = pack.read("dossier-001.txt").decode()
        lines = [json.loads(line) for line in pack.read("entries.jsonl").splitlines()]
    assert [line["seq"] for line in lines if "seq" in line] == [0, 1]
    told = ["assigned GDPR <2027> to Elif Yilmaz", "Reason: Policy DP-14", '"due_date": null']
    assert [words for words in told if words not in dossier] == []
    assert "s3cret" not in dossier
    assert "completed batch" not in dossier


def test_names_are_forgotten_now_and_then_and_found_again(ada, folder, monkeypatch):
    monkeypatch.setattr("assignments.audit.export.csv_format._MAX_NAMES", 1)
    monkeypatch.setattr(scope, "CHUNK", 1)
    write_log(6)
    export = go_on(ask(ada, "action:assignment.created"))

    with (folder / export.file_name).open(encoding="utf-8-sig", newline="") as file:
        names = [row["Person"] for row in csv.DictReader(file)]
    assert names == [ELIF.name, *["Amara Okafor"] * 2] * 2
