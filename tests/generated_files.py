"""Generate files as HR sends them, each with the people whom it means and what becomes of rows."""

import csv
import io
from collections import Counter
from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st

from tests.test_workbooks import book_of

COLUMNS: Final = ("Work e-mail", "Name", "Manager e-mail", "Weekly hours", "Team", "Start")
KINDS: Final = (
    "right", "mistyped", "double", "inactive", "blank", "total", "hidden", "unquoted", "disguised",
)  # fmt: skip
# An encoding and a separator, or a workbook.
TEXTS: Final[tuple[tuple[str, str], ...]] = (
    ("utf-8", ","),
    ("utf-8-sig", ";"),
    ("utf-16", "\t"),
    ("cp1252", "|"),
)
WORKBOOK: Final = ("", "")
TITLES: Final[list[list[str]]] = [
    ["Headcount report"], ["Run by: HR", "29/11/2026"], [], ["Person", "", "Contact"],
]  # fmt: skip


def email(number: int) -> str:
    """Return the e-mail of an employee."""
    return f"e{number}@x.example"


@dataclass(frozen=True)
class GeneratedFile:
    """A file of one row of each of `kinds`, below a row of an employee that is right.

    :ivar picked: the numbers of the employees who are in the draft before
    :ivar other_rows: how many rows another table has below, with managers in each column
    """

    kinds: tuple[str, ...]
    columns: tuple[str, ...] = COLUMNS
    layout: tuple[str, str] = TEXTS[0]
    titles: tuple[int, ...] = ()
    picked: frozenset[int] = frozenset()
    other_rows: int = 0

    @property
    def is_workbook(self) -> bool:
        """Whether it is a workbook, which alone can have hidden rows."""
        return self.layout == WORKBOOK

    @property
    def name(self) -> str:
        """The file's name."""
        return "staff.xlsx" if self.is_workbook else "staff.csv"

    @property
    def rows(self) -> list[list[str]]:
        """Titles, the heading, and a row of each kind."""
        titles = [TITLES[number] for number in self.titles]
        data = [self._row(number, kind) for number, kind in enumerate(("right", *self.kinds))]
        return [*titles, list(self.columns), *data, *self._other_table]

    @property
    def content(self) -> bytes:
        """The bytes of the file."""
        encoding, separator = self.layout
        if self.is_workbook:
            start = len(self.titles) + 2
            hidden = [start + n for n, kind in enumerate(self.kinds) if kind == "hidden"]
            return bytes(book_of({"Staff": self.rows}, hidden=hidden))
        file = io.StringIO(newline="")
        csv.writer(file, delimiter=separator).writerows(self.rows)
        return file.getvalue().encode(encoding)

    @property
    def people(self) -> set[str]:
        """The e-mails of the people whom the file names in the intended column."""
        used = {"right", "disguised", *(() if self.is_workbook else ("hidden",))}
        return {email(0)} | {email(n) for n, kind in enumerate(self.kinds, 1) if kind in used}

    @property
    def repeats_people(self) -> bool:
        """Whether the intended column names each person more than twice, as one of managers does.

        Rows with a cell too many do not count.
        """
        used = {"right", "disguised", *(() if self.is_workbook else ("hidden",))}
        named = [email(0)]
        for number, kind in enumerate(self.kinds, 1):
            if kind in {*used, "double", "inactive"}:
                named.append(email(number) if kind in used else kind)
        people = {email(0) if name == "double" else name for name in named}
        return 2 * len(people) < len(named)

    @property
    def counts(self) -> dict[str, int]:
        """How many rows are given, and what becomes of them."""
        kinds = Counter(self.kinds)
        other_rows = len(self._other_table)
        invalid = kinds["mistyped"] + kinds["total"] + kinds["unquoted"] + other_rows
        return {
            "total": 1 + len(self.kinds) - kinds["blank"] + other_rows,
            "valid": len(self.people),
            "duplicate": kinds["double"],
            "inactive": kinds["inactive"],
            "invalid": invalid,
            "left_out": kinds["hidden"] if self.is_workbook else 0,
        }

    @property
    def _other_table(self) -> list[list[str]]:
        heading = ["Manager ID", "Manager e-mail", *["Backup e-mail"] * (len(COLUMNS) - 2)]
        return [heading, *[["m1@x.example"] * len(COLUMNS)] * self.other_rows] * bool(
            self.other_rows
        )

    def _row(self, number: int, kind: str) -> list[str]:
        cells = {
            "Work e-mail": self._who(number, kind),
            "Name": f"Zoé {number}",
            "Manager e-mail": f"m{number % 2}@x.example",
            "Weekly hours": "40",
            "Team": "1",
            "Start": "2020-01-01",
        }
        if kind == "blank":
            return [""] * len(COLUMNS)
        if kind == "total":
            cells = dict.fromkeys(COLUMNS, "") | {"Name": "Total", "Weekly hours": "40"}
        row = [cells[column] for column in self.columns]
        return ["Silva", *row] if kind == "unquoted" else row

    @staticmethod
    def _who(number: int, kind: str) -> str:
        return {
            "mistyped": f"e{number}@x.exmaple",
            "double": email(0).upper(),
            "inactive": "left@x.example",
            "disguised": f"Zoé <mailto:{email(number)}>\u200b"
            if number % 2
            else f" {email(number)}.",
        }.get(kind, email(number))


@st.composite
def generated_files(draw: st.DrawFn) -> GeneratedFile:
    """Return any file."""
    layout = draw(st.sampled_from([*TEXTS, WORKBOOK]))
    kinds = st.sampled_from(
        [kind for kind in KINDS if layout[0] != "cp1252" or kind != "disguised"]
    )
    return GeneratedFile(
        kinds=tuple(draw(st.lists(kinds, max_size=12))),
        columns=tuple(draw(st.permutations(COLUMNS))),
        layout=layout,
        titles=tuple(draw(st.lists(st.integers(0, len(TITLES) - 1), max_size=3))),
        picked=draw(st.frozensets(st.integers(0, 12), max_size=3)),
        other_rows=draw(st.integers(0, 2)),
    )
