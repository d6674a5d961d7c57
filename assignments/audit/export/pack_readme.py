"""The README of an evidence pack: what it holds and how to verify it."""

import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from django.conf import settings

from assignments.audit.entries.sentences import action_words, counted

TEXT: Final = """\
EVIDENCE FROM THE AUDIT LOG OF ASSIGNMENT DESK

{entries}, exported at {created_at} (UTC) by {created_by}.
Search: {search}
Entry numbers: {first} to {last}, of {size:,} entries in the log.
{pruned}{altered}
{actions}

Control totals: {entries}; the sum of their numbers is {seq_sum:,}.
{sample}
HOW TO VERIFY THIS PACK
Unpack it, and in its folder run
    python3 verify.py --key THE-PUBLISHED-KEY
This needs Python 3.9 or later, and no network. Take the key from where the organisation publishes
it, not from this pack. This pack was signed with
    {key}
Whoever forges a pack can forge the verify.py in it: use a copy that you got elsewhere.

FILES
entries.jsonl      the entries, byte for byte as they were hashed, each with its proof
entries.csv        the same entries as a table, with the names on record at the export
entries.xlsx       the same table as an Excel workbook
disclosures.jsonl  names and addresses, with the salts that prove that they were recorded
seals.jsonl        seal {seal:,} and those before it, with proofs that each extends the one before
manifest.json      who exported what and when, and the SHA-256 of every file
manifest.note      the signature over manifest.json
public-keys.txt    the public keys that the organisation's installation trusts

{sample_files}WHAT VERIFICATION PROVES
Each entry was in the log when the log was sealed and is unchanged since; nothing was added to or
removed from this pack. It does not prove that an entry was true when it was written.
"""

PRUNED: Final = """\
Entries before {size} were pruned because their retention period had ended. Their hashes were kept,
so the proofs in this pack do not need them.
"""
ALTERED: Final = """\
WARNING: {names} had been altered in the database when this pack was made. The tables show
[name altered] instead, and verifying the pack says so.
"""
SAMPLE: Final = """
THE SAMPLE
{drawn:,} of {population:,} entries, drawn with the seed {seed}
from: {search}
To draw it again, write the seed, a colon and an entry's number, as in {seed}:{first}, and take the
SHA-256 of that in lower-case hexadecimal. Sort the entries by it; the first {drawn:,} are
the sample.
"""
SAMPLE_FILES: Final = """\
sample.csv         the drawn entries in the order of the draw, with the hash they were sorted by
population.txt     the number of every entry of the population, to draw the sample again
dossier-*.txt      for each drawn entry: the assignment's history, request, response, seal and proof

"""


# JSON that the pack has just written; the template below fixes which fields it has.
type Manifest = Mapping[str, Any]


def render_readme(manifest: Manifest, key: str) -> str:
    """Render the README of a pack from its manifest.

    :param key: the public key that signed it, as NAME+ID+KEY
    """
    lines = [
        f"{count:>9,}  {action_words(name)}"
        for name, count in manifest["control_totals"]["actions"].items()
    ]
    creator, sample = manifest["created_by"], manifest.get("sample")
    return TEXT.format(
        entries=counted(manifest["entries"], "entry", "entries"),
        created_at=manifest["created_at"],
        created_by=creator["name"] or creator["ref"],
        search=manifest["search"] or "the whole log",
        first=manifest["first_entry"] if lines else "none",
        last=manifest["last_entry"] if lines else "none",
        size=manifest["log"]["size"],
        pruned=PRUNED.format(size=manifest["pruned_entries"])
        if "pruned_entries" in manifest
        else "",
        altered=ALTERED.format(names=counted(manifest["altered_names"], "name", "names"))
        if "altered_names" in manifest
        else "",
        actions="\n".join(lines),
        seq_sum=manifest["control_totals"]["seq_sum"],
        sample=_describe_sample(sample) if sample else "",
        sample_files=SAMPLE_FILES if sample else "",
        key=key,
        seal=manifest["seal"]["number"],
    )


def _describe_sample(sample: Manifest) -> str:
    drawn = sample["drawn_entries"]
    return SAMPLE.format(
        drawn=len(drawn),
        population=sample["population_size"],
        seed=sample["seed"],
        search=sample["search"] or "the whole log",
        first=drawn[0] if drawn else 0,
    )


@cache
def product_version() -> str:
    """Return the product's name and version, as in pyproject.toml."""
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]
    return f"{project['name']} {project['version']}"
