"""A sample of the log as an evidence pack: what was drawn, and one dossier for each entry of it."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from django.template.loader import render_to_string

from assignments.audit.entries.readable import ReadableEntry
from assignments.audit.export import assignment_history, sampling
from assignments.audit.export.assignment_history import Cause, Story
from assignments.audit.export.csv_format import written
from assignments.audit.export.evidence_pack import More
from assignments.audit.export.formats import Making, extent_for, record_export, write
from assignments.audit.export.sampling import Drawn
from assignments.audit.export.scope import Extent, Population, fitting, numbered
from assignments.audit.merkle.proofs import inclusion
from assignments.audit.merkle.tiles import Tiles
from assignments.audit.seals.sealing import checkpoint_of
from assignments.audit.search.query import Query
from assignments.audit.search.search import entry
from assignments.queries.evidence import evidence
from assignments.queries.log import facts

# How often the numbers of a population are read for a sample.
PASSES: Final = 2
WHOLE: Final = "the whole log"


@dataclass(frozen=True, slots=True)
class Sample:
    """How many are to be drawn, and the seed that decides which."""

    size: int
    seed: str


@dataclass(frozen=True, slots=True)
class _Told:
    """A drawn entry with the story it belongs to, as far as the log told it when asked for.

    :ivar place: its place in the draw, from 1 on
    """

    place: int
    drawn: Drawn
    line: ReadableEntry
    story: Story | None
    causes: list[Cause]


def export_sample(*, query: Query, sample: Sample, making: Making, out: BinaryIO) -> int:
    """Seal the log, draw and write the sample, and record that it was handed out.

    Returns how many entries the pack holds.

    :raises NotSealed: if the log cannot be sealed
    """
    by, now = making.by, making.now
    population = fitting(query, extent_for("pack", by=by, now=now))
    entries = write_sample(population, sample, out, making)
    drawn = {"sample": sample.size, "seed": sample.seed}
    record_export(query=query, form="pack", entries=entries, by=by, now=now, **drawn)
    return entries


def write_sample(population: Population, sample: Sample, out: BinaryIO, making: Making) -> int:
    """Draw the sample and write it as a pack; return how many entries the pack holds.

    Beside what was drawn these are the entries of the stories that it belongs to.
    """
    drawn = sampling.draw(population.seqs(making.tell), seed=sample.seed, size=sample.size)
    size = population.extent.size
    told = [_told(place, one, size) for place, one in enumerate(drawn, 1)]
    said = {
        "algorithm": sampling.ALGORITHM,
        "seed": sample.seed,
        "search": population.asked,
        "population": population.count(),
        "drawn": [one.seq for one in drawn],
    }
    found = {one.seq for one in drawn} | {
        line.seq for one in told for cause in one.causes for line in cause.lines
    }
    dossiers = numbered(found, population.extent, f"a sample of: {population.asked or WHOLE}")
    more = More(_files(population, told, making), said)
    return write("pack", dossiers, out, making, more)


def _told(place: int, one: Drawn, size: int) -> _Told:
    line = entry(one.seq)
    if line is None:
        raise LookupError(f"Entry {one.seq} is gone")
    told_of = assignment_history.told_of(line.body)
    story = (
        assignment_history.story(learner_pk=told_of[0], content_pk=told_of[1]) if told_of else None
    )
    causes = [
        Cause(cause.row, [told for told in cause.lines if told.seq < size])
        for cause in (story.causes if story else ())
    ]
    return _Told(place, one, line, story, causes)


def _files(
    population: Population, told: list[_Told], making: Making
) -> Iterator[tuple[str, Iterator[str]]]:
    heading = ["Place", "SHA-256 of SEED:NUMBER", "Entry", "What happened"]
    rows = (
        [
            str(one.place),
            one.drawn.sha256,
            str(one.drawn.seq),
            f"{one.line.actor} {one.line.sentence}",
        ]
        for one in told
    )
    yield "sample.csv", iter([written([heading]), *(written([row]) for row in rows)])
    yield "population.txt", (f"{number}\n" for number in population.seqs(making.tell))
    for one in told:
        yield f"dossier-{one.place:03}.txt", iter([_dossier(population.extent, one, len(told))])


def _dossier(extent: Extent, one: _Told, of: int) -> str:
    line, sealed = one.line, extent.sealed
    proof = inclusion(line.seq, extent.size, Tiles())
    context: dict[str, Any] = {
        "place": one.place,
        "of": of,
        "line": line,
        "facts": facts(line.body),
        "evidence": evidence(line.body),
        "causes": [
            (cause, cause.answered, evidence(cause.answered.body) if cause.answered else {})
            for cause in one.causes
        ],
        "story": one.story,
        "proof": [base64.b64encode(part).decode() for part in proof],
        "seal": sealed.seal if sealed else None,
        "root": (said.root.hex() if sealed and (said := checkpoint_of(sealed.seal)) else ""),
    }
    return render_to_string("assignments/dossier.txt", context)
