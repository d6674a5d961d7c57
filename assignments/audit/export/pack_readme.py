"""The words of an evidence pack: what it holds and how it is checked, for whoever opens it."""

import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from django.conf import settings

from assignments.audit.entries.sentences import action_words, counted

TEXT: Final = """\
EVIDENCE FROM THE AUDIT LOG OF ASSIGNMENT DESK

{entries}, made at {created_at} (UTC) by {who}.
Search: {search}
Numbers: {first} to {last}, of {size:,} entries in the log.
{pruned}
{actions}

Control totals: {entries}; the sum of their numbers is {sum:,}.
{sample}
HOW TO CHECK IT
    python3 verify.py --key THE-PUBLISHED-KEY
in the folder where you unpacked this; Python 3.9 or later is all it needs, and no network. Take the
key from where the organisation publishes it, not from this pack. This pack was signed with
    {key}
A verify.py that came with a pack is only as honest as the pack: keep one of your own.

WHAT IS INSIDE
entries.jsonl      the entries, byte for byte as they were hashed, each with its proof
entries.csv        the same for reading; its names are those known today
entries.xlsx       the same as an Excel workbook
disclosures.jsonl  names and addresses with the salts that prove they are the recorded ones
seals.jsonl        seal {seal:,} and those before it, with the proofs that each continues the last
manifest.json      who made this, when, of what, and the SHA-256 of every file
manifest.note      the signature over manifest.json
public-keys.txt    the keys that the organisation's own desk trusts

{inside}WHAT A CHECK SHOWS
That each entry stood in the log when it was sealed, unchanged since; that nothing was added to or
taken from this pack. It does not show that what an entry says was true when it was written.
"""

PRUNED: Final = """\
Entries before {size} were pruned earlier: they need not be kept any more. Their hashes were kept,
so the proofs in this pack do without them.
"""
SAMPLE: Final = """
THE SAMPLE
{drawn:,} of {population:,} entries, drawn with the seed {seed}
from: {search}
Write the seed, a colon and the number of an entry behind each other, as in {seed}:{first}; take the
SHA-256 of that as small hexadecimal digits; sort by it; the first {drawn:,} are the sample.
"""
INSIDE: Final = """\
sample.csv         the drawn entries in the order of the draw, with the hash that decided it
population.txt     the number of every entry of the population, to draw again
dossier-*.txt      for each of them: why the person has the item, request, answer, seal and proof

"""


def of_pack(manifest: Mapping[str, Any], key: str) -> str:
    """Return the README of a pack."""
    lines = [
        f"{count:>9,}  {action_words(name)}"
        for name, count in manifest["totals"]["actions"].items()
    ]
    who, sample = manifest["created_by"], manifest.get("sample")
    return TEXT.format(
        entries=counted(manifest["entries"], "entry", "entries"),
        created_at=manifest["created_at"],
        who=who["name"] or who["ref"],
        search=manifest["search"] or "the whole log",
        first=manifest["first"] if lines else "none",
        last=manifest["last"] if lines else "none",
        size=manifest["log"]["size"],
        pruned=PRUNED.format(size=manifest["pruned"]) if "pruned" in manifest else "",
        actions="\n".join(lines),
        sum=manifest["totals"]["sum"],
        sample=_of_sample(sample) if sample else "",
        inside=INSIDE if sample else "",
        key=key,
        seal=manifest["seal"]["number"],
    )


def _of_sample(said: Mapping[str, Any]) -> str:
    drawn = said["drawn"]
    return SAMPLE.format(
        drawn=len(drawn),
        population=said["population"],
        seed=said["seed"],
        search=said["search"] or "the whole log",
        first=drawn[0] if drawn else 0,
    )


@cache
def application() -> str:
    """Return the product's name and version."""
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]
    return f"{project['name']} {project['version']}"
