"""What a file is, by its first bytes and not by its name; and how its text is encoded."""

import codecs
from typing import BinaryIO, Final

from assignments.services.picking.uploads.errors import UploadRefused

CHUNK: Final = 1 << 20
WORKBOOK: Final = b"PK\x03\x04"
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PROTECTED: Final = "EncryptedPackage".encode("utf-16-le")
_OTHERS: Final = (
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"RIFF", "a picture, a sound or a film"),
    (b"BM", "a picture"),
    (b"%PDF", "a PDF"),
    (b"{\\rtf", "a text document"),
    (b"\x1f\x8b", "an archive"),
    (b"7z\xbc\xaf", "an archive"),
    (b"Rar!", "an archive"),
)
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))
SAVE_AS: Final = "Save it as .xlsx or .csv and upload that."


def is_workbook(file: BinaryIO) -> bool:
    """Return whether the file is a workbook, and not text.

    :raises UploadRefused: if it is something else that is no table
    """
    file.seek(0)
    start = file.read(CHUNK)
    if not start:
        raise UploadRefused("This file is empty. Choose another one.")
    if start.startswith(_OLD_OFFICE):
        raise UploadRefused(_old_office(start + file.read()))
    for magic, what in _OTHERS:
        if start.startswith(magic):
            raise UploadRefused(f"This is {what}, whatever its name says. {SAVE_AS}")
    return start.startswith(WORKBOOK)


def encoding(file: BinaryIO) -> str:
    """Return how the text is encoded: by its mark, else UTF-8 if it is that, else Windows-1252.

    :raises UploadRefused: if it is no text
    """
    file.seek(0)
    start = file.read(4_096)
    for mark, name in _MARKS:
        if start.startswith(mark):
            return _readable(file, name)
    if start.count(0) > len(start) // 4:
        return _readable(file, "utf-16-be" if start[0] == 0 else "utf-16-le")
    if len(start.translate(None, _CONTROLS)) < len(start):
        raise UploadRefused(f"This is not a table: it has bytes that no text has. {SAVE_AS}")
    return "utf-8" if _is(file, "utf-8") else "cp1252" if _is(file, "cp1252") else "latin-1"


def _old_office(content: bytes) -> str:
    if _PROTECTED in content:
        return "This workbook is protected by a password. Save it without one and upload that."
    return f"This is a file of an old office program (.xls, .doc). {SAVE_AS}"


def _readable(file: BinaryIO, name: str) -> str:
    if not _is(file, name):
        raise UploadRefused(f"The text of this file is damaged. {SAVE_AS}")
    return name


def _is(file: BinaryIO, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)()
    file.seek(0)
    try:
        while chunk := file.read(CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True
