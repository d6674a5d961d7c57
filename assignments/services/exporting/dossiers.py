"""Export a sample of the log as an evidence pack, with a dossier for each drawn entry."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from django.template.loader import render_to_string

from assignments.audit.entries.readable import ReadableEntry
from assignments.audit.export import assignment_history, sampling
from assignments.audit.export.assignment_history import AssignmentHistory, Cause
from assignments.audit.export.csv_format import to_csv_lines
from assignments.audit.export.evidence_pack import ExtraFiles
from assignments.audit.export.formats import (
    ExportContext,
    record_export,
    seal_for_export,
    write_entries,
)
from assignments.audit.export.sampling import DrawnEntry
from assignments.audit.export.scope import ExportScope, LogExtent, select_entries, select_numbers
from assignments.audit.merkle.proofs import inclusion
from assignments.audit.merkle.tiles import Tiles
from assignments.audit.seals.sealing import checkpoint_of
from assignments.audit.search.query import Query
from assignments.audit.search.search import fetch_entry
from assignments.queries.evidence import evidence
from assignments.queries.log import detail_fields

# Fault often a sample reads the numbers of all entries, for the progress.
PASSES: Final = 2
WHOLE: Final = "the whole log"


@dataclass(frozen=True, slots=True)
class Sample:
    """Fault many entries to draw, and the seed that decides which."""

    size: int
    seed: str


@dataclass(frozen=True, slots=True)
class _DrawnLine:
    """A drawn entry with the history of its assignment, up to the size of the log at the request.

    :ivar place: its place in the draw, from 1 on
    """

    place: int
    drawn: DrawnEntry
    line: ReadableEntry
    history: AssignmentHistory | None
    causes: list[Cause]


def export_sample(*, query: Query, sample: Sample, context: ExportContext, out: BinaryIO) -> int:
    """Seal the log, draw and write the sample, and record the export.

    Returns how many entries the pack holds.

    :raises NotSealed: if the log cannot be sealed
    """
    by, now = context.by, context.now
    scope = select_entries(query, seal_for_export("pack", by=by, now=now))
    entries = write_sample(scope, sample, out, context)
    detail = {"sample_size": sample.size, "seed": sample.seed}
    record_export(query=query, format="pack", entries=entries, by=by, now=now, **detail)
    return entries


def write_sample(scope: ExportScope, sample: Sample, out: BinaryIO, context: ExportContext) -> int:
    """Draw the sample and write it as a pack; return how many entries the pack holds.

    Besides the drawn entries the pack holds those of their assignments' histories.
    """
    drawn = sampling.draw(scope.seqs(context.progress), seed=sample.seed, size=sample.size)
    lines = [_read_line(place, entry, scope.extent.size) for place, entry in enumerate(drawn, 1)]
    manifest = {
        "algorithm": sampling.ALGORITHM,
        "seed": sample.seed,
        "search": scope.search,
        "population_size": scope.count(),
        "drawn_entries": [entry.seq for entry in drawn],
    }
    seqs = {entry.seq for entry in drawn} | {
        line.seq for drawn_line in lines for cause in drawn_line.causes for line in cause.lines
    }
    pack_scope = select_numbers(seqs, scope.extent, f"a sample of: {scope.search or WHOLE}")
    extra = ExtraFiles(_sample_files(scope, lines, context), manifest)
    return write_entries("pack", pack_scope, out, context, extra)


def _read_line(place: int, drawn: DrawnEntry, size: int) -> _DrawnLine:
    line = fetch_entry(drawn.seq)
    if line is None:
        raise LookupError(f"Entry {drawn.seq} does not exist")
    pair = assignment_history.learner_and_content_of(line.body)
    history = (
        assignment_history.fetch_history(learner_pk=pair[0], content_pk=pair[1]) if pair else None
    )
    causes = [
        Cause(cause.row, [line for line in cause.lines if line.seq < size])
        for cause in (history.causes if history else ())
    ]
    return _DrawnLine(place, drawn, line, history, causes)


def _sample_files(
    scope: ExportScope, lines: list[_DrawnLine], context: ExportContext
) -> Iterator[tuple[str, Iterator[str]]]:
    header = ["Place", "SHA-256 of SEED:NUMBER", "Entry", "What happened"]
    rows = (
        [
            str(drawn_line.place),
            drawn_line.drawn.sha256,
            str(drawn_line.drawn.seq),
            f"{drawn_line.line.actor} {drawn_line.line.sentence}",
        ]
        for drawn_line in lines
    )
    yield "sample.csv", iter([to_csv_lines([header]), *(to_csv_lines([row]) for row in rows)])
    yield "population.txt", (f"{seq}\n" for seq in scope.seqs(context.progress))
    for drawn_line in lines:
        dossier = _render_dossier(scope.extent, drawn_line, len(lines))
        yield f"dossier-{drawn_line.place:03}.txt", iter([dossier])


def _render_dossier(extent: LogExtent, drawn_line: _DrawnLine, of: int) -> str:
    line, sealed = drawn_line.line, extent.sealed
    proof = inclusion(line.seq, extent.size, Tiles())
    checkpoint = checkpoint_of(sealed.seal) if sealed else None
    context: dict[str, object] = {
        "place": drawn_line.place,
        "of": of,
        "line": line,
        "facts": detail_fields(line.body),
        "evidence": evidence(line.body),
        "causes": [
            (cause, response, evidence(response.body) if response else {})
            for cause in drawn_line.causes
            for response in [cause.response_entry]
        ],
        "history": drawn_line.history,
        "proof": [base64.b64encode(part).decode() for part in proof],
        "seal": sealed.seal if sealed else None,
        "root": checkpoint.root.hex() if checkpoint else "",
    }
    return render_to_string("assignments/dossier.txt", context)
