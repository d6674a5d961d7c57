"""Read a workbook (.xlsx): its visible sheets, and their rows at the cost of their cells."""

import posixpath
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import BinaryIO, Final, NamedTuple

from assignments.services.picking.uploads.source_row import SourceRow
from assignments.services.picking.uploads.xlsx_archive import damage_is_refused, open_archive
from assignments.services.picking.uploads.xlsx_formats import NumberFormat, number_format
from assignments.services.picking.uploads.xlsx_sheet import SharedTexts, SheetParser
from assignments.services.picking.uploads.xlsx_xml import Attributes, elements

# The elements that are read of parts other than sheets and shared texts.
_NAMES: Final = (
    *("sheet", "workbookView", "workbookPr", "Relationship"),
    *("numFmt", "xf", "cellXfs", "cellStyles"),
)
_TRUE: Final = frozenset({"1", "true"})


class Sheet(NamedTuple):
    """A sheet: its name, and its part of the archive."""

    name: str
    part: str


class Workbook:
    """The sheets of a workbook and what their cells refer to.

    :ivar sheets: the visible sheets, first the one that was open when the workbook was saved
    :raises UploadRefused: if it is no workbook, is damaged, or would take too much memory
    """

    def __init__(self, file: BinaryIO) -> None:
        self._archive = open_archive(file)
        with damage_is_refused():
            self._elements = self._read("xl/workbook.xml")
            self._targets = {
                each["Id"]: (each["Type"].rpartition("/")[2], _part_name(each["Target"]))
                for name, each in self._read("xl/_rels/workbook.xml.rels")
                if name == "Relationship"
            }
            self.sheets = self._visible_sheets()

    def _visible_sheets(self) -> list[Sheet]:
        sheets = [each for name, each in self._elements if name == "sheet"]
        views = [each for name, each in self._elements if name == "workbookView"]
        active = int(views[0].get("activeTab", "0")) if views else 0
        in_order = [*sheets[active : active + 1], *sheets[:active], *sheets[active + 1 :]]
        return [
            Sheet(each["name"], part)
            for each in in_order
            for kind, part in [self._targets[_relation_id(each)]]
            if kind == "worksheet" and each.get("state", "visible") == "visible"
        ]

    def rows(self, sheet: Sheet) -> Iterator[SourceRow]:
        """Yield the rows of a sheet that have a value.

        :raises UploadRefused: if the sheet is damaged or too large
        """
        with damage_is_refused(), self._archive.open(sheet.part) as part:
            parser = SheetParser(self._shared_texts, self._formats)
            for _ in parser.xml.parse(part):
                yield from parser.rows
                parser.rows.clear()

    @cached_property
    def _shared_texts(self) -> Sequence[str]:
        shared = SharedTexts()
        for part in self._parts_of_kind("sharedStrings"):
            for _ in shared.xml.parse(self._archive.open(part)):
                pass
        return shared.texts

    @cached_property
    def _formats(self) -> list[NumberFormat]:
        """The number format of each style of cells."""
        styles = [each for part in self._parts_of_kind("styles") for each in self._read(part)]
        codes = {
            int(each["numFmtId"]): each["formatCode"] for name, each in styles if name == "numFmt"
        }
        names = [name for name, _ in styles]
        start = names.index("cellXfs") if "cellXfs" in names else len(names)
        end = names.index("cellStyles", start) if "cellStyles" in names[start:] else len(names)
        properties = [each for name, each in self._elements if name == "workbookPr"]
        is_1904 = any(each.get("date1904") in _TRUE for each in properties)
        return [
            number_format(int(each.get("numFmtId", "0")), codes, is_1904=is_1904)
            for name, each in styles[start:end]
            if name == "xf"
        ]

    def _parts_of_kind(self, kind: str) -> list[str]:
        return [part for its, part in self._targets.values() if its == kind]

    def _read(self, part: str) -> list[tuple[str, Attributes]]:
        return elements(self._archive.open(part), _NAMES)


def _part_name(target: str) -> str:
    """Return the name of a part in the archive; a target is relative to `xl/` or absolute."""
    return posixpath.normpath(posixpath.join("/xl", target)).removeprefix("/")


def _relation_id(sheet: Attributes) -> str:
    """Return the value of the attribute `r:id`, whose prefix is not always `r`."""
    return next((value for name, value in sheet.items() if name.endswith(":id")), "")
