"""Forwarding to a SIEM: every entry at least once, in order, and only to a trusted receiver."""

import json
import re
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django_tasks_db.models import DBTaskResult

from assignments import tasks
from assignments.audit.entries.sentences import SENTENCES
from assignments.audit.export.scope import StoredEntry
from assignments.models import LogEntry, LogForwarding, LogHead
from assignments.services.operations import doctor
from assignments.siem import cursor, ecs, forwarding, groups
from assignments.siem.destinations import parse_destination
from assignments.siem.events import Event, Undelivered
from assignments.siem.files import File
from assignments.siem.https import Https
from assignments.siem.syslog import Syslog
from assignments.tls import shared_tls_context
from dashboard.siem_settings import siem
from tests import log_tampering, sealed_log
from tests.environment import env
from tests.log_fixtures import AT, ELIF, PRIYA, write_log
from tests.siem_receivers import HERE, certificate, endpoint, receiver
from tests.test_metrics import numbers, of

# Which event.type values a category allows: https://www.elastic.co/guide/en/ecs/8.17/ecs-allowed-values-event-category.html
ALLOWED = {
    "api": "access admin allowed change creation deletion denied end info start user",
    "authentication": "start end info",
    "configuration": "access change creation deletion info",
    "database": "access change info error",
    "file": "access change creation deletion info",
    "iam": "admin change creation deletion group info user",
    "session": "start end info",
}


class Memory:
    """A destination in memory; each step of its script fails before or after taking the events."""

    def __init__(self, *script):
        self.script = list(script)
        self.taken = []

    def __str__(self):
        return "siem.example"

    def send(self, events):
        """Take the events, or fail as the next step of the script says."""
        step = self.script.pop(0) if self.script else "take"
        if step != "lose":
            self.taken += [json.loads(event.json)["event"]["sequence"] for event in events]
        if step == "die":
            raise KeyboardInterrupt
        if step != "take":
            raise Undelivered("The endpoint at siem.example responded with status 503.")


@pytest.fixture
def destination(db, settings):
    """Set and return a destination that takes everything."""
    settings.SIEM = Memory()
    return settings.SIEM


def forward(at=AT):
    """Forward with a clock that stands still."""
    return forwarding.forward(clock=lambda: at, may_go_on=lambda: True)


def events_of(*seqs):
    """Return the events of these entries."""
    rows = LogEntry.objects.filter(seq__in=seqs).order_by("seq")
    stored = [StoredEntry(row.seq, bytes(row.body), bytes(row.leaf)) for row in rows]
    return [ecs.event_of(entry, now=AT) for entry in stored]


def parsed(event):
    """Return the fields of an event."""
    return json.loads(event.json)


def test_an_event_holds_the_entry_and_its_hash(destination, settings):
    settings.SITE_URL = "https://desk.northwind.example"
    (seq,) = write_log(1)

    (event,) = events_of(seq)

    fields = parsed(event)
    entry = log_tampering.body(seq)
    assert (event.at, fields["@timestamp"]) == (entry["at"], entry["at"])
    assert fields["ecs"]["version"] == "8.17.0"
    assert fields["event"]["action"] == entry["action"] == "assignment.created"
    assert fields["event"]["kind"] == "event"
    assert (fields["event"]["category"], fields["event"]["type"]) == (["api"], ["creation"])
    assert fields["event"]["outcome"] == "success"
    assert fields["event"]["id"] == str(seq)
    assert fields["event"]["reference"] == f"https://desk.northwind.example/audit/{seq}/"
    assert fields["user"] == {"id": PRIYA.ref, "target": {"id": ELIF.ref}}
    assert fields["message"] == f"{PRIYA.ref} assigned GDPR Essentials 2027 to {ELIF.ref}"
    assert fields["http"]["request"]["id"] == PRIYA.request_id
    # The hash is the entry's leaf in the tree (RFC 9162 §2.1.1), recomputed from the event.
    original = fields["event"]["original"].encode()
    assert sha256(b"\0" + original).hexdigest() == fields["event"]["hash"]
    assert bytes(LogEntry.objects.get(seq=seq).leaf).hex() == fields["event"]["hash"]


def test_an_event_has_no_personal_data(destination):
    events = events_of(*write_log(3))

    written = b"".join(event.json for event in events).decode()
    personal = [PRIYA.name, PRIYA.email, PRIYA.ip, ELIF.name, ELIF.email, ELIF.reference]
    assert [text for text in personal if text in written or json.dumps(text)[1:-1] in written] == []


@pytest.mark.parametrize("action", sorted(SENTENCES))
def test_every_action_is_classified_as_the_schema_allows(action):
    category, types = (
        ecs.CLASSES.get(action) or ecs.CLASSES.get(action.partition(".")[0]) or ("", [])
    )

    assert not category or set(types) <= set(ALLOWED[category].split())
    assert {action, action.partition(".")[0]} & set(ecs.CLASSES) or not category


def test_only_existing_actions_are_classified():
    names = {*SENTENCES, *(action.partition(".")[0] for action in SENTENCES)}
    assert set(ecs.CLASSES) | ecs.FAILURES | ecs.PENDING <= names


NESTED = b"[" * 300 + b"]" * 300
DAMAGED = [
    b"\xff not json",
    b"not json",
    b'["not json"]',
    b'{"action": "not json"}',
    b'{"at":"","action":"a.b","actor":{"ref":"","means":""},"people":[],"detail":{},"cause":"",'
    b'"request_id":"","result":"not json","batch":"","account":"","subject":' + NESTED + b"}",
]


@pytest.mark.parametrize("body", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_entry_becomes_a_pipeline_error(destination, body):
    (seq,) = write_log(1)
    log_tampering.rewrite(seq, body)

    size = LogHead.objects.get().size
    assert forward() == size

    (event,) = events_of(seq)
    assert parsed(event)["event"]["kind"] == "pipeline_error"
    assert "not json" in parsed(event)["event"]["original"]


def test_new_entries_are_forwarded_once(destination):
    size = sealed_log.write_sealed_log(4, 2)

    assert forwarding.is_due(now=AT)
    assert forward() == size
    assert destination.taken == list(range(size))
    assert not forwarding.is_due(now=AT)
    assert forward() == 0

    # The entry about that is not worth a group of its own.
    assert log_tampering.body(size)["action"] == "log.forwarded"
    (seq,) = write_log(1)
    assert forward() == 2
    assert destination.taken[-2:] == [size, seq]
    assert (forwarding.status().behind, forwarding.status().next) == (0, seq + 1)


def test_without_a_siem_nothing_happens(db, settings):
    settings.SIEM = None
    write_log(2)

    assert not forwarding.is_due(now=AT)
    assert forward() == 0


def test_retries_of_a_failing_siem_back_off(destination, caplog):
    seqs = write_log(3)
    destination.script = ["lose"] * 12

    waits, now = [], AT
    for _ in range(12):
        assert forward(now) == 0
        not_before = LogForwarding.objects.get().not_before
        assert not_before is not None
        assert not forwarding.is_due(now=not_before - timedelta(seconds=1))
        waits.append((not_before - now).total_seconds())
        now = not_before

    assert waits[:5] == [2, 4, 8, 16, 32]
    assert max(waits) == 300
    assert caplog.text.count("The audit log could not be forwarded.") == 1
    assert forwarding.status().is_failing
    assert forward(now) == len(destination.taken)
    assert destination.taken[-3:] == list(seqs)
    assert "forwarded to siem.example again" in caplog.text or not forwarding.status().is_failing


def test_the_group_of_a_dead_worker_is_sent_again(destination):
    size = sealed_log.write_sealed_log(4)
    destination.script = ["die"]
    with pytest.raises(KeyboardInterrupt):
        forward()

    assert forward(AT + timedelta(seconds=59)) == 0
    assert forward(AT + cursor.LEASE) == size
    assert destination.taken == [*range(size), *range(size)]


def test_a_worker_that_lost_its_lease_does_not_move_the_cursor(destination, monkeypatch):
    size = sealed_log.write_sealed_log(4)

    def overtaken(events):
        forwarding.forward(clock=lambda: AT + timedelta(minutes=2), may_go_on=lambda: True)

    monkeypatch.setattr(destination, "send", lambda events: (monkeypatch.undo(), overtaken(events)))

    assert forward() == 0
    assert destination.taken == list(range(size))
    assert LogForwarding.objects.get().next == size


def test_a_long_log_is_forwarded_in_groups_until_told_to_stop(destination, monkeypatch):
    monkeypatch.setattr(groups, "MAX_EVENTS", 3)
    size = sealed_log.write_sealed_log(10)
    answers = iter([True, True, False])

    sent = forwarding.forward(clock=lambda: AT, may_go_on=lambda: next(answers))

    assert (sent, destination.taken) == (6, [0, 1, 2, 3, 4, 5])
    assert forward() == size - 6 + len(["log.forwarded"])


def test_restarting_sends_entries_again_and_is_recorded(destination, capsys):
    size = sealed_log.write_sealed_log(4)
    forward()

    call_command("audit", "forward", "--from", "2")

    assert "has all before entry 2" in capsys.readouterr().out
    assert log_tampering.body(size + 1)["action"] == "log.forwarding_restarted"
    assert log_tampering.body(size + 1)["detail"] == {"first_entry": 2}
    forward()
    assert destination.taken == [*range(size), *range(2, size + 2)]
    call_command("audit", "forward", "--json")
    assert json.loads(capsys.readouterr().out) == {"next": size + 2, "behind": 0, "problem": ""}


@pytest.mark.parametrize("start", [-1, 100])
def test_restarting_at_a_missing_entry_is_refused(destination, start):
    sealed_log.write_sealed_log(4)
    with pytest.raises(CommandError, match="The log has no entry"):
        call_command("audit", "forward", f"--from={start}")


def test_the_command_needs_a_siem(db, settings):
    settings.SIEM = None
    with pytest.raises(CommandError, match="Set SIEM_URL"):
        call_command("audit", "forward")


def test_the_schedule_wakes_the_worker(transactional_db, settings, clock):
    destination = settings.SIEM = Memory()
    write_log(1)

    tasks.enqueue_forwarding()
    assert [result.task_path for result in DBTaskResult.objects.all()] == [
        tasks.forward_log.module_path
    ]
    tasks.forward_log.call()
    tasks.enqueue_forwarding()

    assert destination.taken
    assert DBTaskResult.objects.count() == 1


def test_the_doctor_reports_the_forwarding(destination):
    write_log(1)
    assert doctor._siem().sentence.startswith("nothing was sent to siem.example yet; 1 entry")
    forward()
    assert doctor._siem().sentence.startswith("siem.example receives the audit log")
    write_log(1)
    destination.script = ["lose"]
    forward()

    finding = doctor._siem()
    assert not finding.is_ok
    assert "status 503" in finding.sentence
    assert "nothing is lost" in finding.sentence


def test_metrics_report_the_forwarding(destination, client, settings):
    settings.IS_SANDBOX = True
    size = sealed_log.write_sealed_log(4)
    destination.script = ["lose"]
    forward()
    assert of(numbers(client), "desk_siem_") == {
        "desk_siem_behind_entries": size,
        "desk_siem_failing": 1,
    }

    forward(AT + timedelta(seconds=2))
    assert of(numbers(client), "desk_siem_") == {
        "desk_siem_behind_entries": 0,
        "desk_siem_failing": 0,
    }
    settings.SIEM = None
    assert of(numbers(client), "desk_siem_") == {}


EVENTS = [Event("2026-11-23T10:43:00.123456Z", f'{{"n":{number}}}'.encode()) for number in range(3)]
LINES = [event.json for event in EVENTS]


def test_a_file_gets_one_line_per_event(tmp_path):
    path = tmp_path / "audit.jsonl"
    for event in EVENTS:
        File(path).send([event])

    assert path.read_bytes().splitlines() == LINES
    assert path.stat().st_mode & 0o777 == 0o640


def test_events_follow_a_truncated_line_on_a_new_one(tmp_path):
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b'{"n":0}\n{"n":1')

    File(path).send(EVENTS)

    assert path.read_bytes().splitlines()[2:] == LINES


def test_a_rotated_file_is_created_again(tmp_path):
    path = tmp_path / "audit.jsonl"
    File(path).send(EVENTS[:1])
    path.rename(tmp_path / "audit.jsonl.1")
    File(path).send(EVENTS[1:])

    assert path.read_bytes().splitlines() == LINES[1:]


def test_an_unwritable_file_fails(tmp_path):
    with pytest.raises(Undelivered, match="cannot be written to: No such file or directory"):
        File(tmp_path / "gone" / "audit.jsonl").send(EVENTS)


def test_a_full_disk_fails():
    with pytest.raises(Undelivered, match="No space left"):
        File(Path("/dev/full")).send(EVENTS)


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """Return a TLS context for a server, and the file with the certificate to trust."""
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def new_tls_context():
    """Let clients of the test read the authorities anew, and those after it too."""
    shared_tls_context.cache_clear()
    yield
    shared_tls_context.cache_clear()


HEAD = re.compile(r"<110>1 2026-11-23T10:43:00\.123456Z \S+ assignment-desk - audit - ")


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_syslog_messages_arrive(tls, monkeypatch, is_encrypted):
    monkeypatch.setenv("SSL_CERT_FILE", str(tls[1]))
    with receiver(tls[0] if is_encrypted else None) as server:
        Syslog(HERE, server.port, is_encrypted=is_encrypted).send(EVENTS)

    messages = server.messages()
    assert [HEAD.sub("", message).encode() for message in messages] == LINES
    assert all(HEAD.match(message) for message in messages)


def test_a_reset_connection_is_a_failure():
    with receiver() as server:
        server.resets = 1
        with pytest.raises(Undelivered, match=f"{HERE}:{server.port} did not take the events"):
            Syslog(HERE, server.port, is_encrypted=False).send(EVENTS)
        Syslog(HERE, server.port, is_encrypted=False).send(EVENTS)
    assert len(server.messages()) == 3


def test_an_untrusted_receiver_gets_nothing(tls, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with receiver(tls[0]) as server, pytest.raises(Undelivered, match="did not take the events"):
        Syslog(HERE, server.port, is_encrypted=True).send(EVENTS)
    assert server.streams == []


def test_an_endpoint_gets_lines_and_the_authorization(tls, monkeypatch, new_tls_context):
    monkeypatch.setenv("SSL_CERT_FILE", str(tls[1]))
    with endpoint(tls[0]) as server:
        Https(f"https://{HERE}:{server.port}/in", HERE, "Splunk abc").send(EVENTS)

    assert server.lines() == LINES
    assert server.headers[0]["Authorization"] == "Splunk abc"
    assert server.headers[0]["Content-Type"] == "application/x-ndjson"


@pytest.mark.parametrize("status", [301, 400, 401, 429, 503])
def test_a_refusal_by_an_endpoint_is_a_failure(status):
    with endpoint() as server:
        server.script = [status]
        destination = parse_destination(f"http://{HERE}:{server.port}/secret-token")
        with pytest.raises(Undelivered, match=f"status {status}") as refused:
            destination.send(EVENTS)
        destination.send(EVENTS)

    assert server.lines() == LINES
    assert "secret-token" not in f"{refused.value}{destination}{destination!r}"


def test_an_unreachable_endpoint_is_reported_without_its_url():
    destination = parse_destination("http://127.0.0.1:9/secret-token")
    with pytest.raises(Undelivered, match=r"127\.0\.0\.1 did not respond: ConnectError") as away:
        destination.send(EVENTS)
    assert "secret-token" not in str(away.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("file:///var/log/desk/audit.jsonl", File(Path("/var/log/desk/audit.jsonl"))),
        ("syslog+tls://siem.example", Syslog("siem.example", 6514, is_encrypted=True)),
        ("syslog+tcp://siem.example:1514", Syslog("siem.example", 1514, is_encrypted=False)),
        (
            "https://siem.example/in?x=1",
            Https("https://siem.example/in?x=1", "siem.example", "Bearer abc"),
        ),
    ],
)
def test_the_destination_comes_from_the_environment(url, expected):
    assert siem(env(SIEM_URL=url, SIEM_AUTHORIZATION="Bearer abc")) == expected
    assert siem(env()) is None


@pytest.mark.parametrize(
    "url",
    [
        "siem.example",
        "file://relative/audit.jsonl",
        "udp://siem.example",
        "syslog+tls://",
        "http://siem.example/s3cret",
        "https://desk:s3cret@siem.example/in",
        "https://[s3cret",
        "https://siem.example:s3cret",
        "https://siem..s3cret",
        "syslog+tls://siem..s3cret:6514",
        "syslog+tcp://siem s3cret",
    ],
)
def test_an_invalid_destination_stops_the_start_without_showing_the_url(url):
    with pytest.raises(ImproperlyConfigured, match="SIEM_URL is set, and") as stop:
        siem(env(SIEM_URL=url))
    assert "s3cret" not in str(stop.value)


@pytest.mark.parametrize("value", ["Bearer s3cret\N{EN DASH}x", "Splunk s3cret\nX: y"])
def test_an_authorization_that_no_header_can_have_stops_the_start(value):
    with pytest.raises(ImproperlyConfigured, match="SIEM_AUTHORIZATION has a character") as stop:
        siem(env(SIEM_URL="https://siem.example/", SIEM_AUTHORIZATION=value))
    assert "s3cret" not in str(stop.value)
