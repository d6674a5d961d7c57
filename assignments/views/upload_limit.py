"""A size limit on uploaded files that applies while they arrive, before they fill the disk."""

from typing import Any, Final, override

from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from assignments.services.picking.uploads.reader import MAX_BYTES

# A little more than the form accepts, so that the form can say that the file is too large.
LIMIT: Final = MAX_BYTES + 1024 * 1024


class LimitedUpload(FileUploadHandler):
    """Drop a file that grows beyond the limit, and set `upload_was_too_large` on the request."""

    @override
    def new_file(self, *args: Any, **options: Any) -> None:  # Django's seven, passed on unread
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
