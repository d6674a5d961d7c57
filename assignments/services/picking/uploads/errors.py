"""Why a file is not taken."""


class UploadRefused(Exception):
    """Nothing of the file was taken; the message says why and what to do."""
