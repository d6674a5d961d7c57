"""The exception for files that cannot be used."""


class UploadRefused(Exception):
    """Nothing of the file was used; the message says why and what to do."""
