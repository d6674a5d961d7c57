"""The site's settings for tests: the demo on the built-in sandbox, whatever `.env` here says.

A variable that is set but empty counts as not set and still hides what `.env` says of it, so an
empty value for every documented name keeps a developer's own set-up out of the tests. Processes
that a test starts inherit all of this; what the test sets for them stays.
"""

import os
import re
import tempfile
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parent.parent / ".env.example"

os.environ["STACKONE_API_KEY"] = ""
os.environ.setdefault("DESK_DEMO", "1")
# Keys that everybody knows: one is the published example of a signed note.
os.environ["AUDIT_SIGNING_KEY"] = (
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
)
os.environ["AUDIT_MAC_KEY"] = "YSBrZXkgb2YgTUFDcyB0aGF0IGV2ZXJ5Ym9keSBrbm8="
for name in re.findall(r"^#? ?([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE):
    os.environ.setdefault(name, "")

from dashboard.settings import *  # noqa: E402, F403  the environment comes first
from dashboard.settings import DATABASES  # noqa: E402
from tests.waiting import HANG_SECONDS  # noqa: E402

# SQLite lets writers wait in no order: on a slow machine one of many may wait for long.
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"]["timeout"] = HANG_SECONDS

# Pages name their files without a hash, so that no test needs `collectstatic`.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
AUDIT_SEAL_DIR = None
EXPORT_DIR = Path(tempfile.gettempdir()) / f"desk-exports-of-tests-{os.getuid()}"
