"""`.env.example` tells of every variable that the product reads, and of no other."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READS = re.compile(
    r"""env\.(?:bool|int|str|list|db_url)\("([A-Z_]+)" | \(env,\s*"([A-Z_]+)" """, re.VERBOSE
)


def variables_read() -> set[str]:
    sources = "".join(path.read_text() for path in (ROOT / "dashboard").rglob("*.py"))
    return {first or second for first, second in READS.findall(sources)}


def test_env_example_documents_every_setting():
    documented = re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)

    assert sorted(documented) == sorted(variables_read())
