"""Export jobs: requested, written by a worker, downloaded and expired."""

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
    """Set a folder of its own for the test's exports."""
    settings.EXPORT_DIR = tmp_path / "exports"
    return tmp_path / "exports"


@pytest.fixture
def auditor():
    """Return an auditor."""
    return make_user("auditor")


def request_export(user, text="", form="csv", now=AT, sample=None):
    """Request an export as the page does."""
    return export_request.request_export(
        query=parse(text, today=now.date()),
        format=form,
        owner_pk=user.pk,
        by=make_actor(user),
        now=now,
        sample=sample,
    )


def run_worker(export, now=LATER, may_go_on=lambda: True):
    """Run a worker on the export and reload it."""
    job.write_export(export=export, clock=lambda: now, may_go_on=may_go_on)
    export.refresh_from_db()
    return export


def entries_about(export) -> list[tuple[str, dict[str, object]]]:
    """Return action and detail of the log's entries about the export."""
    entries = LogEntry.objects.filter(subject=f"export/{export.pk}").order_by("seq")
    return [(entry.action, log_tampering.body(entry.seq)["detail"]) for entry in entries]


def actors_of(export) -> list[str]:
    """Return the actors of the log's entries about the export."""
    entries = LogEntry.objects.filter(subject=f"export/{export.pk}").order_by("seq")
    return list(entries.values_list("actor", flat=True))


@pytest.mark.parametrize("form", FORMATS)
def test_an_export_holds_the_log_as_of_the_request(auditor, folder, form):
    write_log(5)
    export = request_export(auditor, "action:created", form)
    write_log(3)

    export = run_worker(export)

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
    assert set(actors_of(export)) == {f"user/{auditor.pk}"}


def test_a_file_is_readable_by_its_owner_alone(auditor, folder):
    write_log(1)
    export = run_worker(request_export(auditor))

    assert stat.S_IMODE((folder / export.file_name).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("text", ["", "amara"], ids=["the whole log", "a part"])
def test_a_pack_of_an_earlier_log_is_intact(auditor, folder, text):
    write_log(7)
    export = request_export(auditor, text, "pack")
    write_log(4)

    export = run_worker(export)

    verdict = standalone.verify_file(folder / export.file_name, [PUBLIC])
    assert verdict.word == "intact", verdict.sentence
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
    assert manifest["created_by"]["ref"] == f"user/{auditor.pk}"


def test_wrong_control_totals_are_detected(auditor, folder):
    write_log(3)
    export = run_worker(request_export(auditor, "", "pack"))
    # Skips the manifest's signature, as if the forger had the key.
    read_manifest = standalone._read_manifest

    def manifest_with_wrong_totals(pack, keys):
        return {
            **read_manifest(pack, keys),
            "control_totals": {"seq_sum": 2, "actions": {}, "results": {}},
        }

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(standalone, "_read_manifest", manifest_with_wrong_totals)
        verdict = standalone.verify_file(folder / export.file_name, [PUBLIC])
    assert verdict.sentence == "The manifest's control totals do not match the entries."


def test_without_a_key_an_export_is_unsealed_and_a_pack_refused(auditor, folder, settings):
    settings.AUDIT_SIGNING_KEY, settings.AUDIT_OWN_KEY_FILE = "", None
    write_log(3)
    export = request_export(auditor, "", "jsonl")
    write_log(2)

    export = run_worker(export)

    verdict = standalone.verify_file(folder / export.file_name)
    assert verdict.sentence.startswith("Not proven: 3 entries checked; they are consistent")
    with pytest.raises(NotSealed):
        request_export(auditor, "", "pack")
    assert LogExport.objects.count() == 1


def test_a_person_has_at_most_three_unfinished_exports(auditor):
    write_log(1)
    for _ in range(export_request.MAX_OPEN):
        request_export(auditor)

    with pytest.raises(export_request.ExportRefused, match="You have 3 unfinished exports"):
        request_export(auditor)

    request_export(make_user("auditor"))
    run_worker(LogExport.objects.filter(owner=auditor)[0])
    assert request_export(auditor).pk


def test_named_periods_count_from_the_day_of_the_request(auditor):
    write_log(2)
    export = request_export(auditor, "when:today action:assignment.created")

    assert run_worker(export, now=AT + timedelta(days=2)).entries == 2


def test_a_search_is_kept_in_clear_until_the_file_expires(auditor, folder):
    write_log(3)
    export = run_worker(request_export(auditor, "elif action:created"))
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
    assert (last.actor, last.person) == ("system", f"user/{auditor.pk}")


def test_a_download_is_recorded_and_refused_after_expiry(auditor):
    write_log(1)
    export = request_export(auditor)
    with pytest.raises(download.FileGone, match="has no file"):
        download.open_download(export=export, by=make_actor(auditor), now=LATER)
    export = run_worker(export)

    with download.open_download(export=export, by=make_actor(auditor), now=LATER) as file:
        assert file.read().startswith(b"\xef\xbb\xbfEntry,")
    with pytest.raises(download.FileGone, match="Request it again"):
        download.open_download(export=export, by=make_actor(auditor), now=export.expires_at)

    (*_, (action, detail)) = entries_about(export)
    assert (action, detail["sha256"], detail["entries"]) == ("export.downloaded", export.sha256, 1)


def test_a_missing_file_has_its_own_message(auditor, folder):
    write_log(1)
    export = run_worker(request_export(auditor))
    (folder / export.file_name).unlink()

    with pytest.raises(download.FileGone, match="every machine needs the same EXPORT_DIR"):
        download.open_download(export=export, by=make_actor(auditor), now=LATER)


def test_an_export_of_a_killed_worker_is_taken_over(auditor, folder):
    write_log(3)
    export = request_export(auditor)
    killed = {
        "state": "writing",
        "worker": "dead",
        "progressed_at": AT,
        "attempts": 1,
        "entries_written": 2,
    }
    LogExport.objects.update(**killed)

    assert job.select_exports_to_wake(now=AT + timedelta(seconds=89)) == []
    assert run_worker(export, now=AT + timedelta(seconds=89)).worker == "dead"
    assert job.select_exports_to_wake(now=AT + timedelta(seconds=91)) == [export.pk]
    export = run_worker(export, now=AT + timedelta(seconds=91))

    assert (export.state, export.entries, export.attempts) == ("ready", 3, 2)
    assert export.worker != "dead"


def test_an_export_that_kills_its_workers_fails(auditor):
    write_log(1)
    export = make_export(auditor, attempts=job.MAX_ATTEMPTS, search="elif")

    export = run_worker(export)

    assert (export.state, export.problem) == ("failed", job.GAVE_UP)
    assert entries_about(export)[-1] == (
        "export.failed",
        {"search": "", "problem": job.GAVE_UP},
    )
    download.expire_exports(now=export.expires_at)
    export.refresh_from_db()
    assert (export.state, export.search) == ("failed", "")


def test_a_worker_that_has_to_stop_returns_the_export(auditor, folder, monkeypatch):
    monkeypatch.setattr(scope, "CHUNK", 1)
    write_log(3)
    export = request_export(auditor)
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
    assert run_worker(export).state == "ready"


def test_a_worker_that_lost_its_export_changes_nothing(auditor, folder, monkeypatch):
    write_log(3)
    export = request_export(auditor)
    make = files.write_file

    def overtaken(name, write):
        made = make(name, write)
        LogExport.objects.update(worker="another")
        return made

    monkeypatch.setattr(files, "write_file", overtaken)
    export = run_worker(export)

    assert (export.state, export.worker, export.entries) == ("writing", "another", None)
    assert list(folder.iterdir()) == []
    assert [action for action, _ in entries_about(export)] == ["export.requested"]


def test_a_full_disk_has_a_clear_message(auditor, folder, monkeypatch):
    write_log(1)
    export = request_export(auditor)

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    export = run_worker(export)

    assert export.state == "failed"
    assert export.problem == (
        "The file could not be written: No space left on device. Tell whoever runs this site, then "
        "request the export again."
    )
    assert list(folder.iterdir()) == []


def test_a_missing_key_has_a_clear_message(auditor, settings):
    write_log(1)
    export = request_export(auditor, "", "pack")
    settings.AUDIT_SIGNING_KEY, settings.AUDIT_OWN_KEY_FILE = "", None

    export = run_worker(export)

    assert export.state == "failed"
    assert export.problem.startswith("The proofs could not be computed: AUDIT_SIGNING_KEY is not")


def test_leftover_files_are_deleted(auditor, folder, settings):
    write_log(1)
    export = run_worker(request_export(auditor))
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
def test_the_schedule_wakes_each_export_at_intervals(auditor, clock):
    write_log(1)
    export = request_export(auditor)

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


def test_an_export_keeps_the_seal_of_its_request(auditor, folder):
    write_log(4)
    export = request_export(auditor, "", "jsonl")
    write_log(4)
    export = run_worker(export)

    verdict = standalone.verify_file(folder / export.file_name, [PUBLIC])
    assert verdict.word == "intact", verdict.sentence
    assert LogSeal.objects.get(number=export.seal_number).size == export.log_size == 4


def test_a_name_disclosed_twice_still_verifies(auditor, folder, monkeypatch):
    monkeypatch.setattr("assignments.audit.export.evidence_pack.MAX_REMEMBERED", 1)
    monkeypatch.setattr(scope, "CHUNK", 1)
    write_log(4)
    export = run_worker(request_export(auditor, "", "pack"))

    with zipfile.ZipFile(folder / export.file_name) as pack:
        lines = pack.read("disclosures.jsonl").splitlines()
    assert len(lines) > len(set(lines))
    assert standalone.verify_file(folder / export.file_name, [PUBLIC]).word == "intact"


def redraw(folder, name) -> tuple[list[int], list[int]]:
    """Return the sample that a pack states, and one drawn from its population again."""
    with zipfile.ZipFile(folder / name) as pack:
        sample = json.loads(pack.read("manifest.json"))["sample"]
        numbers = pack.read("population.txt").decode().split()
    places = sorted(
        (hashlib.sha256(f"{sample['seed']}:{n}".encode()).hexdigest(), n) for n in numbers
    )
    return sample["drawn_entries"], [int(n) for _, n in places[: len(sample["drawn_entries"])]]


@pytest.fixture
def sampled(auditor, folder):
    """Return a sample of 5 of 13 entries, with entries appended after its request."""
    write_log(20)
    with transaction.atomic():
        record(created(1, Person(ref="learner/6")), by=make_actor(auditor), at=AT)
    export = request_export(auditor, "amara", "pack", sample=Sample(5, "q3-2026"))
    write_log(20)
    return run_worker(export)


def test_a_sample_can_be_drawn_again(sampled, folder):
    assert (sampled.state, sampled.problem, sampled.entries) == ("ready", "", 5)
    verdict = standalone.verify_file(folder / sampled.file_name, [PUBLIC])
    assert verdict.word == "intact", verdict.sentence
    drawn, redrawn = redraw(folder, sampled.file_name)
    assert drawn == redrawn
    details = [detail for _, detail in entries_about(sampled)]
    assert [(detail["seed"], detail["sample_size"]) for detail in details] == [("q3-2026", 5)] * 2


def test_a_sample_has_a_dossier_for_each_drawn_entry(sampled, folder):
    drawn, _ = redraw(folder, sampled.file_name)
    with zipfile.ZipFile(folder / sampled.file_name) as pack:
        manifest = json.loads(pack.read("manifest.json"))
        readme = pack.read("README.txt").decode()
        rows = pack.read("sample.csv").decode().splitlines()
        dossier = pack.read("dossier-001.txt").decode()

    assert manifest["sample"]["population_size"] == 13
    assert "5 of 13 entries, drawn with the seed q3-2026\nfrom: amara" in readme
    assert [int(row.split(",")[2]) for row in rows[1:]] == drawn
    assert f"DOSSIER 1 OF 5: ENTRY {drawn[0]}\n" in dossier
    assert LogSeal.objects.get().note in dossier


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_memory_holds_one_chunk_at_a_time(auditor, form, monkeypatch):
    most = []
    monkeypatch.setattr(scope, "CHUNK", 3)
    write_log(10)
    chunks = scope.ExportScope.chunks

    def counted(self, *args):
        for chunk in chunks(self, *args):
            most.append(len(chunk))
            yield chunk

    monkeypatch.setattr(scope.ExportScope, "chunks", counted)
    run_worker(request_export(auditor, "", form))
    assert most == [3, 3, 3, 1]


@pytest.fixture
def assignment_ref(auditor) -> str:
    """Return the ref of an assignment that was submitted and created, with two entries."""
    row = make_batch(["created"]).assignments.get()
    batch, about = row.batch.ref, f"assignment/{row.pk}"
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
        record_all([submitted, created], by=make_actor(auditor), at=AT)
    return about


def test_a_dossier_has_the_history_of_the_assignment(auditor, folder, assignment_ref):
    export = request_export(auditor, f"about:{assignment_ref}", "pack", sample=Sample(3, "seed"))
    batch = LogEntry.objects.get(seq=0).batch
    with transaction.atomic():
        record(Event(action="batch.completed", subject=batch, batch=batch), by=SYSTEM, at=AT)

    export = run_worker(export)

    assert standalone.verify_file(folder / export.file_name, [PUBLIC]).word == "intact"
    with zipfile.ZipFile(folder / export.file_name) as pack:
        dossier = pack.read("dossier-001.txt").decode()
        lines = [json.loads(line) for line in pack.read("entries.jsonl").splitlines()]
    assert [line["seq"] for line in lines if "seq" in line] == [0, 1]
    expected = ["assigned GDPR <2027> to Elif Yilmaz", "Reason: Policy DP-14", '"due_date": null']
    assert [text for text in expected if text not in dossier] == []
    assert "s3cret" not in dossier
    assert "completed batch" not in dossier


def test_names_are_reloaded_when_the_cache_was_cleared(auditor, folder, monkeypatch):
    monkeypatch.setattr("assignments.audit.export.csv_format._MAX_NAMES", 1)
    monkeypatch.setattr(scope, "CHUNK", 1)
    write_log(6)
    export = run_worker(request_export(auditor, "action:assignment.created"))

    with (folder / export.file_name).open(encoding="utf-8-sig", newline="") as file:
        names = [row["Person"] for row in csv.DictReader(file)]
    assert names == [ELIF.name, *["Amara Okafor"] * 2] * 2
