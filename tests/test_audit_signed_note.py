"""Signed notes and checkpoints: the published examples, and texts that are invalid."""

import pytest

from assignments.audit.signing.checkpoint import Checkpoint, InvalidCheckpoint
from assignments.audit.signing.signed_note import (
    InvalidKey,
    InvalidNote,
    PublicKey,
    SigningKey,
    UnknownKey,
    WrongSignature,
    open_note,
)

# The example of golang.org/x/mod/sumdb/note, on which the specification is based.
PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
NOTE = (
    f"{TEXT}\n\N{EM DASH} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2p"
    "ZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# The example of c2sp.org/tlog-checkpoint, whose key is not published.
CHECKPOINT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
SOFA = (
    f"{CHECKPOINT}\n\N{EM DASH} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJ"
    "urmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
PETER = PublicKey.parse(PUBLIC)


def test_keys_are_parsed_and_written_as_published() -> None:
    secret = SigningKey.parse(SECRET)

    assert (str(secret.public), secret.to_text()) == (PUBLIC, SECRET)
    assert (PETER, PETER.id.hex()) == (secret.public, "c74f20a3")
    assert SECRET not in f"{secret!r}"


def test_sign_gives_the_published_note() -> None:
    assert SigningKey.parse(SECRET).sign(TEXT) == NOTE


def test_open_note_returns_text_and_key() -> None:
    opened = open_note(NOTE, [PETER])

    assert (opened.text, opened.key) == (TEXT, PETER)


def test_open_note_ignores_unknown_keys() -> None:
    other = SigningKey.generate("example.com/witness")
    both = NOTE + other.sign(TEXT).removeprefix(f"{TEXT}\n")

    assert open_note(both, [PETER]).key == PETER
    assert open_note(both, [other.public]).key == other.public


def test_open_note_needs_a_trusted_key() -> None:
    with pytest.raises(UnknownKey, match="but PeterNeumann did"):
        open_note(NOTE, [SigningKey.generate("PeterNeumann").public])


def test_open_note_refuses_a_wrong_signature() -> None:
    with pytest.raises(WrongSignature, match="of PeterNeumann does not match"):
        open_note(NOTE.replace("cryptography", "cryptographY"), [PETER])


@pytest.mark.parametrize(
    "note",
    [
        pytest.param("", id="nothing"),
        pytest.param(TEXT, id="no signature"),
        pytest.param(NOTE.removesuffix("\n"), id="no end"),
        pytest.param(NOTE.replace("\N{EM DASH}", "-"), id="no dash"),
        pytest.param(NOTE.replace("x08g", "x08!"), id="no base64"),
        pytest.param(NOTE.replace("\n\n", "\n\n\n"), id="an empty line before the signatures"),
        pytest.param(NOTE.replace("know", "kn\tow"), id="a control character"),
        pytest.param(f"{TEXT}\n\N{EM DASH} PeterNeumann x08g\n", id="too short"),
    ],
)
def test_open_note_refuses_other_formats(note: str) -> None:
    with pytest.raises(InvalidNote):
        open_note(note, [PETER])


@pytest.mark.parametrize("place", range(0, len(PUBLIC), 3))
def test_a_mistyped_key_is_refused(place: int) -> None:
    wrong = PUBLIC[:place] + chr(ord(PUBLIC[place]) + 1) + PUBLIC[place + 1 :]
    for text in (wrong, PUBLIC[:place], PUBLIC[place + 1 :]):
        with pytest.raises(InvalidKey):
            PublicKey.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(PUBLIC, id="a public key"),
        pytest.param(SECRET.replace("c74f20a3", "c74f20a4"), id="another id"),
        pytest.param(SECRET[:-4], id="cut off"),
    ],
)
def test_a_mistyped_private_key_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(InvalidKey) as refusal:
        SigningKey.parse(text)

    assert "AYEK" not in str(refusal.value)


@pytest.mark.parametrize("name", ["", "two words", "a+b", " x"])
def test_key_names_are_restricted(name: str) -> None:
    with pytest.raises(InvalidKey, match="neither spaces nor plus"):
        SigningKey.generate(name)


def test_the_published_checkpoint_is_parsed_and_written() -> None:
    checkpoint = Checkpoint.parse(CHECKPOINT)

    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert (
        checkpoint.root.hex() == "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62"
    )
    assert checkpoint.text() == CHECKPOINT
    with pytest.raises(UnknownKey, match=r"but example\.com/behind-the-sofa did"):
        open_note(SOFA, [PETER])


def test_extension_lines_are_ignored() -> None:
    assert Checkpoint.parse(f"{CHECKPOINT}more\n") == Checkpoint.parse(CHECKPOINT)


@pytest.mark.parametrize(
    ("line", "other"),
    [
        pytest.param("20852163", "020852163", id="a leading zero"),
        pytest.param("20852163", "-1", id="a negative size"),
        pytest.param("20852163", "many", id="no number"),
        pytest.param("CsUY", "CsUYCsUY", id="a longer hash"),
        pytest.param("CsUY", "!", id="no base64"),
        pytest.param("example.com/behind-the-sofa", "", id="no origin"),
        pytest.param(CHECKPOINT, "", id="nothing"),
    ],
)
def test_other_texts_are_not_checkpoints(line: str, other: str) -> None:
    with pytest.raises(InvalidCheckpoint):
        Checkpoint.parse(CHECKPOINT.replace(line, other, 1))
