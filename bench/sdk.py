"""The baseline of StackOne's TypeScript SDK, used as in its documentation; needs npm."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.sandbox_process import ROOT

HERE = Path(__file__).resolve().parent
FOLDER = ROOT / "var" / "bench-sdk"
PACKAGE = "@stackone/stackone-client-ts@4.28.0"


def is_available() -> bool:
    """Install the package if npm can, and return whether it is installed."""
    if not (FOLDER / "node_modules").is_dir() and shutil.which("npm"):
        FOLDER.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["npm", "install", "--silent", "--no-save", "--prefix", FOLDER, PACKAGE],
            check=False,
            timeout=120,
            capture_output=True,
        )
    return (FOLDER / "node_modules" / "@stackone").is_dir()


def run(base_url: str, calls: int) -> dict[str, Any]:
    """Make calls, 64 in flight, without the SDK's own retries, and return its measurements."""
    script = FOLDER / "sdk.mjs"
    shutil.copy(HERE / "sdk.mjs", script)
    completed = subprocess.run(
        ["node", script, base_url, str(calls), "64"],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return dict(json.loads(completed.stdout.splitlines()[-1]))
