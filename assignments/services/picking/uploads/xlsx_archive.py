"""Open a workbook's archive, after checking that it does not unpack to very much more.

A small file can unpack to gigabytes (a zip bomb), so bytes and ratio are limited before any part
is read. Parts are read in pieces, never as a whole.
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final
from xml.parsers.expat import ExpatError

from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.picking.uploads.file_types import SAVE_AS

DAMAGED: Final = f"This workbook is damaged. {SAVE_AS}"
MAX_BYTES: Final = 300 * 1024 * 1024
# Sheets of real people unpack to 5 to 20 times their size, repeated rows to about 60 times.
MAX_RATIO: Final = 100
ALWAYS_ALLOWED: Final = 16 * 1024 * 1024
MAX_PARTS: Final = 2_000
TOO_LARGE: Final = (
    "This workbook holds too much to be read. Copy the columns that are needed to a new one."
)
# Also raised for encrypted parts, unknown compression methods, missing parts and texts.
ARCHIVE_ERRORS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ExpatError,
    OSError,
    RuntimeError,
    ValueError,
    LookupError,
)


@contextmanager
def damage_is_refused() -> Iterator[None]:
    """Turn the errors of a damaged archive, or of wrong values in it, into a refusal."""
    try:
        yield
    except ARCHIVE_ERRORS as error:
        raise UploadRefused(DAMAGED) from error


def open_archive(file: BinaryIO) -> zipfile.ZipFile:
    """Open a workbook's archive; the caller closes the file.

    :raises UploadRefused: if it is no workbook, is damaged, or would take too much memory
    """
    file.seek(0)
    with damage_is_refused():
        archive = zipfile.ZipFile(file)
        _validate(archive)
        return archive


def _validate(archive: zipfile.ZipFile) -> None:
    names = archive.namelist()
    if "xl/workbook.xml" not in names:
        raise UploadRefused(f"This is an archive or another office document. {SAVE_AS}")
    if len(names) > MAX_PARTS or len(set(names)) < len(names):
        raise UploadRefused(DAMAGED)
    unpacked = sum(part.file_size for part in archive.infolist())
    packed = sum(part.compress_size for part in archive.infolist())
    if unpacked > min(MAX_BYTES, max(ALWAYS_ALLOWED, MAX_RATIO * packed)):
        raise UploadRefused(TOO_LARGE)
