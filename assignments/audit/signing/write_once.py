"""Create files that are written once, completely and durably, and never changed."""

import os
import secrets
from pathlib import Path
from typing import Final

OWNER_ONLY: Final = 0o600


def write_once(path: Path, text: str, *, mode: int) -> bool:
    """Create the file with this text unless it exists; return whether it was created.

    The text is synced to disk before the file appears under its name, so no reader sees a part.

    :raises OSError: if the folder is not writable
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(part)
    except FileExistsError:
        return False
    finally:
        part.unlink(missing_ok=True)
    return True
