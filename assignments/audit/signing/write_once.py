"""Files that are written once and never changed again."""

import os
import secrets
from pathlib import Path
from typing import Final

OWNER_ONLY: Final = 0o600


def write_once(path: Path, text: str, *, mode: int) -> bool:
    """Write the file as a whole, unless it is there already; return whether it was written.

    :raises OSError: if the folder cannot be written to
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
