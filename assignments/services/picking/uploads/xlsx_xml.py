"""Parse the XML parts of a workbook in pieces, without document types and within limits."""

from collections.abc import Callable, Iterator, Mapping
from typing import IO, Final
from xml.parsers import expat

from assignments.services.picking.uploads.errors import MAX_CELL, TOO_LONG, UploadRefused
from assignments.services.picking.uploads.xlsx_archive import DAMAGED, damage_is_refused

CHUNK: Final = 1 << 16
type Attributes = Mapping[str, str]


class XmlPart:
    """Calls functions at the elements of an XML part; names have no namespace prefix.

    :param start: called with name and attributes
    :param end: called with name and the text of the element itself
    """

    def __init__(
        self, start: Callable[[str, Attributes], None], end: Callable[[str, str], None]
    ) -> None:
        self._start, self._end = start, end
        self._text: list[str] = []
        self._length = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start_element
        self._parser.EndElementHandler = self._end_element
        self._parser.CharacterDataHandler = self._add_text
        self._parser.StartDoctypeDeclHandler = _refuse_doctype

    def parse(self, part: IO[bytes]) -> Iterator[None]:
        """Parse the part and yield after each chunk.

        :raises UploadRefused: if it is no valid XML, or the text of an element is too long
        """
        with damage_is_refused():
            while chunk := part.read(CHUNK):
                self._parser.Parse(chunk)
                yield
            self._parser.Parse(b"", True)
            yield

    def _start_element(self, tag: str, attributes: dict[str, str]) -> None:
        self._text.clear()
        self._length = 0
        self._start(tag.rpartition(":")[2], attributes)

    def _end_element(self, tag: str) -> None:
        text = "".join(self._text)
        self._text.clear()
        self._end(tag.rpartition(":")[2], text)

    def _add_text(self, text: str) -> None:
        self._length += len(text)
        if self._length > MAX_CELL:
            raise UploadRefused(TOO_LONG)
        self._text.append(text)


def elements(part: IO[bytes]) -> list[tuple[str, Attributes]]:
    """Return name and attributes of every element of a small part, in the order of the document."""
    result: list[tuple[str, Attributes]] = []
    xml = XmlPart(lambda name, attributes: result.append((name, attributes)), lambda *_: None)
    for _ in xml.parse(part):
        pass
    return result


def _refuse_doctype(*_: object) -> None:
    raise UploadRefused(DAMAGED)
