"""A limit on uploaded files that holds while they arrive, before they fill the disk."""

from typing import Any, Final, override

from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from assignments.services.picking.uploads.reader import MOST_BYTES

# A little more than what is accepted, so that the page and not the connection says so.
LIMIT: Final = MOST_BYTES + 1024 * 1024


class LimitedUpload(FileUploadHandler):
    """Passes a file on piece by piece; one that is too large is dropped and noted."""

    @override
    def new_file(self, *args: Any, **options: Any) -> None:
        super().new_file(*args, **options)
        self._received = 0

    @override
    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self._received += len(raw_data)
        if self._received > LIMIT:
            self.request.upload_was_too_large = True  # type: ignore[union-attr]
            raise SkipFile
        return raw_data

    @override
    def file_complete(self, file_size: int) -> None:
        return None
