"""The audit log is handed on: every entry at least once, in order, and to nobody by mistake."""

import json
import os
import re
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django_tasks_db.models import DBTaskResult
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from assignments import tasks
from assignments.audit.entries.sentences import SENTENCES
from assignments.audit.export.scope import Stored
from assignments.models import LogEntry, LogForwarding, LogHead
from assignments.services.operations import doctor
from assignments.siem import ecs, forwarding, places
from assignments.siem.files import File
from assignments.siem.https import Https
from assignments.siem.sending import Event, Undelivered
from assignments.siem.syslog import Syslog
from dashboard.siem_settings import siem
from tests import log_tampering, sealed_log
from tests.environment import env
from tests.log_fixtures import AT, ELIF, PRIYA, write_log
from tests.siem_receivers import HERE, certificate, endpoint, receiver
from tests.test_metrics import numbers, of

# What may stand together: https://www.elastic.co/guide/en/ecs/8.17/ecs-allowed-values-event-category.html
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
    """A place that takes what it is sent, or fails as its script says: before or after taking."""

    def __init__(self, *script):
        self.script = list(script)
        self.taken = []

    def __str__(self):
        return "siem.example"

    def send(self, events):
        """Take the events, unless it is to fail."""
        step = self.script.pop(0) if self.script else "take"
        if step != "lose":
            self.taken += [json.loads(event.json)["event"]["sequence"] for event in events]
        if step == "die":
            raise KeyboardInterrupt
        if step != "take":
            raise Undelivered("The endpoint at siem.example answered with status 503.")


@pytest.fixture
def place(db, settings):
    """Return a place that takes everything."""
    settings.SIEM = Memory()
    return settings.SIEM


def forward(at=AT):
    """Hand on at one moment."""
    return forwarding.forward(clock=lambda: at, may_go_on=lambda: True)


def events_of(*seqs):
    """Return entries of the log as events."""
    rows = LogEntry.objects.filter(seq__in=seqs).order_by("seq")
    stored = [Stored(row.seq, bytes(row.body), bytes(row.leaf)) for row in rows]
    return [ecs.event_of(one, now=AT) for one in stored]


def told(event):
    """Return what an event says."""
    return json.loads(event.json)


def test_an_entry_becomes_an_event_that_can_be_checked(place, settings):
    settings.SITE_URL = "https://desk.northwind.example"
    (seq,) = write_log(1)

    (event,) = events_of(seq)

    found = told(event)
    entry = log_tampering.body(seq)
    assert (event.at, found["@timestamp"]) == (entry["at"], entry["at"])
    assert found["ecs"]["version"] == "8.17.0"
    assert found["event"]["action"] == entry["action"] == "assignment.created"
    assert found["event"]["kind"] == "event"
    assert (found["event"]["category"], found["event"]["type"]) == (["api"], ["creation"])
    assert found["event"]["outcome"] == "success"
    assert found["event"]["id"] == str(seq)
    assert found["event"]["reference"] == f"https://desk.northwind.example/audit/{seq}/"
    assert found["user"] == {"id": PRIYA.ref, "target": {"id": ELIF.ref}}
    assert found["message"] == f"{PRIYA.ref} assigned GDPR Essentials 2027 to {ELIF.ref}"
    assert found["http"]["request"]["id"] == PRIYA.request_id
    # The hash is the entry's leaf in the tree (RFC 9162 §2.1.1), worked out of what was sent.
    original = found["event"]["original"].encode()
    assert sha256(b"\0" + original).hexdigest() == found["event"]["hash"]
    assert bytes(LogEntry.objects.get(seq=seq).leaf).hex() == found["event"]["hash"]


def test_an_event_names_nobody(place):
    events = events_of(*write_log(3))

    written = b"".join(event.json for event in events).decode()
    personal = [PRIYA.name, PRIYA.email, PRIYA.ip, ELIF.name, ELIF.email, ELIF.reference]
    assert [text for text in personal if text in written or json.dumps(text)[1:-1] in written] == []


@pytest.mark.parametrize("action", sorted(SENTENCES))
def test_every_action_is_classified_as_the_schema_allows(action):
    category, types = ecs.KINDS.get(action) or ecs.KINDS.get(action.partition(".")[0]) or ("", [])

    assert not category or set(types) <= set(ALLOWED[category].split())
    assert {action, action.partition(".")[0]} & set(ecs.KINDS) or not category


def test_classes_are_of_actions_that_there_are():
    names = {*SENTENCES, *(action.partition(".")[0] for action in SENTENCES)}
    assert set(ecs.KINDS) | ecs.FAILURES | ecs.OPEN <= names


def test_an_entry_that_was_damaged_is_an_event_as_well(place):
    (seq,) = write_log(1)
    log_tampering.rewrite(seq, b"\xff not json")

    assert forward() == LogHead.objects.get().size

    (event,) = events_of(seq)
    assert told(event)["event"]["kind"] == "pipeline_error"
    assert "not json" in told(event)["event"]["original"]


def test_what_is_new_is_handed_on_once(place):
    size = sealed_log.write_sealed_log(4, 2)

    assert forwarding.is_due(now=AT)
    assert forward() == size
    assert place.taken == list(range(size))
    assert not forwarding.is_due(now=AT)
    assert forward() == 0

    (seq,) = write_log(1)
    assert forward() == 1
    assert place.taken[-1] == seq
    assert (forwarding.standing().behind, forwarding.standing().next) == (0, seq + 1)


def test_without_a_place_nothing_happens(db, settings):
    settings.SIEM = None
    write_log(2)

    assert not forwarding.is_due(now=AT)
    assert forward() == 0


def test_a_place_that_is_down_is_tried_again_less_and_less_often(place, caplog):
    seqs = write_log(3)
    place.script = ["lose"] * 12

    waits, now = [], AT
    for _ in range(12):
        assert forward(now) == 0
        until = LogForwarding.objects.get().until
        assert until is not None
        assert not forwarding.is_due(now=until - timedelta(seconds=1))
        waits.append((until - now).total_seconds())
        now = until

    assert waits[:5] == [2, 4, 8, 16, 32]
    assert max(waits) == 300
    assert caplog.text.count("The audit log waits to be handed on.") == 1
    assert forwarding.standing().is_failing
    assert forward(now) == len(place.taken)
    assert place.taken[-3:] == list(seqs)
    assert "handed on to siem.example again" in caplog.text or not forwarding.standing().is_failing


def test_a_worker_that_dies_has_its_group_sent_again(place):
    size = sealed_log.write_sealed_log(4)
    place.script = ["die"]
    with pytest.raises(KeyboardInterrupt):
        forward()

    assert forward(AT + timedelta(seconds=59)) == 0
    assert forward(AT + forwarding.TURN) == size
    assert place.taken == [*range(size), *range(size)]


def test_a_worker_whose_turn_was_taken_moves_nothing(place, monkeypatch):
    size = sealed_log.write_sealed_log(4)

    def overtaken(events):
        forwarding.forward(clock=lambda: AT + timedelta(minutes=2), may_go_on=lambda: True)

    monkeypatch.setattr(place, "send", lambda events: (monkeypatch.undo(), overtaken(events)))

    assert forward() == 0
    assert place.taken == list(range(size))
    assert LogForwarding.objects.get().next == size


def test_a_long_log_goes_in_groups_and_stops_when_it_must(place, monkeypatch):
    monkeypatch.setattr(forwarding, "GROUP", 3)
    size = sealed_log.write_sealed_log(10)
    answers = iter([True, True, False])

    sent = forwarding.forward(clock=lambda: AT, may_go_on=lambda: next(answers))

    assert (sent, place.taken) == (6, [0, 1, 2, 3, 4, 5])
    assert forward() == size - 6


@examples(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    script=st.lists(st.sampled_from(["take", "lose", "fail", "die"]), max_size=12),
    group=st.integers(1, 5),
)
def test_whatever_fails_every_entry_arrives_in_order(handed_on, script, group):
    place, size = handed_on(script, group)

    firsts = list(dict.fromkeys(place.taken))
    assert firsts == list(range(size))
    assert len(place.taken) <= size + group * len(script)


@pytest.fixture
def handed_on(db, settings, monkeypatch):
    """Return what hands the whole log on, with workers that die and a place that fails."""
    size = sealed_log.write_sealed_log(7)

    def hand_on(script, group):
        LogForwarding.objects.all().delete()
        monkeypatch.setattr(forwarding, "GROUP", group)
        settings.SIEM, now = Memory(*script), AT
        while forwarding.standing().behind:
            with suppress(KeyboardInterrupt):
                forward(now)
            now += timedelta(minutes=6)
        return settings.SIEM, size

    return hand_on


def test_the_log_can_be_sent_again_and_says_so(place, capsys):
    size = sealed_log.write_sealed_log(4)
    forward()

    call_command("audit", "forward", "--from", "2")

    assert "has what stands before entry 2" in capsys.readouterr().out
    assert log_tampering.body(size)["action"] == "log.forwarding_restarted"
    assert log_tampering.body(size)["detail"] == {"from": 2}
    forward()
    assert place.taken == [*range(size), *range(2, size + 1)]
    call_command("audit", "forward", "--json")
    assert json.loads(capsys.readouterr().out) == {"next": size + 1, "behind": 0, "problem": ""}


@pytest.mark.parametrize("start", [-1, 100])
def test_what_is_not_there_is_not_sent_again(place, start):
    sealed_log.write_sealed_log(4)
    with pytest.raises(CommandError, match="The log has no entry"):
        call_command("audit", "forward", f"--from={start}")


def test_the_command_says_when_there_is_no_place(db, settings):
    settings.SIEM = None
    with pytest.raises(CommandError, match="Set SIEM_URL"):
        call_command("audit", "forward")


def test_the_schedule_wakes_the_worker(transactional_db, settings, clock):
    place = settings.SIEM = Memory()
    write_log(1)

    tasks.wake_forwarding()
    assert [one.task_path for one in DBTaskResult.objects.all()] == [tasks.forward_log.module_path]
    tasks.forward_log.call()
    tasks.wake_forwarding()

    assert place.taken
    assert DBTaskResult.objects.count() == 1


def test_the_doctor_says_how_it_stands(place):
    write_log(1)
    assert doctor._siem().sentence.startswith("siem.example takes the audit log")
    place.script = ["lose"]
    forward()

    found = doctor._siem()
    assert not found.is_well
    assert "status 503" in found.sentence
    assert "nothing is lost" in found.sentence


def test_metrics_say_how_far_it_is(place, client, settings):
    settings.IS_SANDBOX = True
    size = sealed_log.write_sealed_log(4)
    place.script = ["lose"]
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


def test_a_file_takes_lines(tmp_path):
    path = tmp_path / "audit.jsonl"
    for event in EVENTS:
        File(path).send([event])

    assert path.read_bytes().splitlines() == LINES
    assert path.stat().st_mode & 0o777 == 0o640 & ~_umask()


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_line_that_was_cut_off_does_not_spoil_the_next(tmp_path):
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b'{"n":0}\n{"n":1')

    File(path).send(EVENTS)

    assert path.read_bytes().splitlines()[2:] == LINES


def test_a_file_that_was_rotated_begins_anew(tmp_path):
    path = tmp_path / "audit.jsonl"
    File(path).send(EVENTS[:1])
    path.rename(tmp_path / "audit.jsonl.1")
    File(path).send(EVENTS[1:])

    assert path.read_bytes().splitlines() == LINES[1:]


def test_a_file_that_cannot_be_written_says_so(tmp_path):
    with pytest.raises(Undelivered, match="cannot be written to: No such file or directory"):
        File(tmp_path / "gone" / "audit.jsonl").send(EVENTS)


def test_a_full_disk_takes_nothing_as_taken():
    with pytest.raises(Undelivered, match="No space left"):
        File(Path("/dev/full")).send(EVENTS)


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """Return a server's side of TLS, and the file with whom to trust."""
    return certificate(tmp_path_factory.mktemp("tls"))


HEAD = re.compile(r"<110>1 2026-11-23T10:43:00\.123456Z \S+ assignment-desk - audit - ")


@pytest.mark.parametrize("is_secret", [False, True])
def test_syslog_takes_messages(tls, monkeypatch, is_secret):
    monkeypatch.setenv("SSL_CERT_FILE", str(tls[1]))
    with receiver(tls[0] if is_secret else None) as found:
        Syslog(HERE, found.port, is_secret=is_secret).send(EVENTS)

    messages = found.messages()
    assert [HEAD.sub("", message).encode() for message in messages] == LINES
    assert all(HEAD.match(message) for message in messages)


def test_a_receiver_that_breaks_off_has_not_taken_it():
    with receiver() as found:
        found.resets = 1
        with pytest.raises(Undelivered, match=f"{HERE}:{found.port} did not take it"):
            Syslog(HERE, found.port, is_secret=False).send(EVENTS)
        Syslog(HERE, found.port, is_secret=False).send(EVENTS)
    assert len(found.messages()) == 3


def test_a_receiver_nobody_vouches_for_gets_nothing(tls, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with receiver(tls[0]) as found, pytest.raises(Undelivered, match="did not take it"):
        Syslog(HERE, found.port, is_secret=True).send(EVENTS)
    assert found.streams == []


def test_an_endpoint_takes_lines_with_its_key(tls, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(tls[1]))
    with endpoint(tls[0]) as found:
        Https(f"https://{HERE}:{found.port}/in", HERE, "Splunk abc").send(EVENTS)

    assert found.lines() == LINES
    assert found.headers[0]["Authorization"] == "Splunk abc"
    assert found.headers[0]["Content-Type"] == "application/x-ndjson"


@pytest.mark.parametrize("status", [301, 400, 401, 429, 503])
def test_an_endpoint_that_refuses_has_not_taken_it(status):
    with endpoint() as found:
        found.script = [status]
        place = places.place(f"http://{HERE}:{found.port}/secret-token")
        with pytest.raises(Undelivered, match=f"status {status}") as refused:
            place.send(EVENTS)
        place.send(EVENTS)

    assert found.lines() == LINES
    assert "secret-token" not in f"{refused.value}{place}{place!r}"


def test_an_endpoint_that_is_away_says_so_without_its_address():
    place = places.place("http://127.0.0.1:9/secret-token")
    with pytest.raises(Undelivered, match=r"127\.0\.0\.1 did not answer: ConnectError") as away:
        place.send(EVENTS)
    assert "secret-token" not in str(away.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("file:///var/log/desk/audit.jsonl", File(Path("/var/log/desk/audit.jsonl"))),
        ("syslog+tls://siem.example", Syslog("siem.example", 6514, is_secret=True)),
        ("syslog+tcp://siem.example:1514", Syslog("siem.example", 1514, is_secret=False)),
        (
            "https://siem.example/in?x=1",
            Https("https://siem.example/in?x=1", "siem.example", "Bearer abc"),
        ),
    ],
)
def test_a_place_comes_from_the_environment(url, expected):
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
    ],
)
def test_what_is_no_place_stops_the_start_without_giving_it_away(url):
    with pytest.raises(ImproperlyConfigured, match="SIEM_URL is set, and") as stop:
        siem(env(SIEM_URL=url))
    assert "s3cret" not in str(stop.value)
