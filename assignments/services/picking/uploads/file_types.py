"""Detect the type and the text encoding of a file by its content, never by its name."""

import codecs
import re
from typing import BinaryIO, Final

from assignments.services.picking.uploads.errors import UploadRefused

CHUNK: Final = 1 << 20
WORKBOOK: Final = b"PK\x03\x04"
_COMPOUND_FILE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_STREAM: Final = "EncryptedPackage".encode("utf-16-le")
_UNSUPPORTED: Final = (
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
_WEB_PAGE: Final = re.compile(
    rb"[\xef\xbb\xbf\xff\xfe\s]*<(?:!doctype|html|head|meta|style|table|\?xml)", re.I
)
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL_CHARACTERS: Final = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))
SAVE_AS: Final = "Save it as .xlsx or .csv and upload that."


def is_workbook(file: BinaryIO) -> bool:
    """Return whether the file is a workbook (.xlsx); otherwise it may be text.

    :raises UploadRefused: if it is empty or of a type that holds no table
    """
    file.seek(0)
    start = file.read(CHUNK)
    if not start:
        raise UploadRefused("This file is empty. Choose another one.")
    if start.startswith(_COMPOUND_FILE):
        raise UploadRefused(_explain_compound_file(start + file.read()))
    for magic, kind in _UNSUPPORTED:
        if start.startswith(magic):
            raise UploadRefused(f"This is {kind}, whatever its name says. {SAVE_AS}")
    if _WEB_PAGE.match(start[:4_096].replace(b"\0", b"")):
        raise UploadRefused(
            "This is a web page or XML, although its name may end in .xls. Open it in a "
            "spreadsheet program, save it as .xlsx and upload that."
        )
    return start.startswith(WORKBOOK)


def detect_encoding(file: BinaryIO) -> str:
    """Return the codec of a text: by its byte order mark, else UTF-8, Windows-1252 or Latin-1.

    :raises UploadRefused: if it is no text
    """
    file.seek(0)
    start = file.read(4_096)
    for mark, name in _BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return _require_decodable(file, name)
    if start.count(0) > len(start) // 4:
        return _require_decodable(file, "utf-16-be" if start[0] == 0 else "utf-16-le")
    if len(start.translate(None, _CONTROL_CHARACTERS)) < len(start):
        raise UploadRefused(f"This is not a table: it has bytes that no text has. {SAVE_AS}")
    return next((name for name in ("utf-8", "cp1252") if _is_decodable(file, name)), "latin-1")


def _explain_compound_file(content: bytes) -> str:
    """Return why a file of the format before .xlsx, or an encrypted workbook, is refused."""
    if _ENCRYPTED_STREAM in content:
        return "This workbook is protected by a password. Save it without one and upload that."
    return f"This is a file of an old office program (.xls, .doc). {SAVE_AS}"


def _require_decodable(file: BinaryIO, name: str) -> str:
    if not _is_decodable(file, name):
        raise UploadRefused(f"The text of this file is damaged. {SAVE_AS}")
    return name


def _is_decodable(file: BinaryIO, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)()
    file.seek(0)
    try:
        while chunk := file.read(CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True
