"""The inputs of terms that few need, of a draft or as defaults."""

from dataclasses import dataclass
from typing import Any, Final

from assignments.forms.assign import MoreFieldsForm
from assignments.queries import formatting

# Type of the input and hint of each field, by the name of its term.
MORE_FIELDS: Final = {
    "progress": ("text", "A number from 0 to 100. Empty: it is not sent."),
    "assigned_at": ("datetime-local", "Empty: the LMS sets the time itself. The time of {city}."),
    "external_reference": ("text", "Only for an LMS that reads external_reference of assignments."),
    "source_status": ("text", "Sent beside the status, as its source_value."),
    "passthrough": ("json", "A JSON object that StackOne passes on to the LMS as it is."),
}


@dataclass(frozen=True, slots=True)
class MoreField:
    """An input of the section "More fields"; `kind` is the type of its element."""

    name: str
    label: str
    kind: str
    hint: str
    value: str
    problem: str

    @property
    def descriptions(self) -> str:
        """The ids of the elements that describe the input: its problem, if any, and its hint."""
        return f"e-{self.name} h-{self.name}" if self.problem else f"h-{self.name}"


def more_field(name: str, text: str, problem: str = "") -> MoreField:
    """Return the input of a term with a text in it, and what is wrong with that."""
    kind, hint = MORE_FIELDS[name]
    label = str(MoreFieldsForm.base_fields[name].label)
    return MoreField(name, label, kind, hint.format(city=formatting.city()), text, problem)


def text_of(name: str, value: Any) -> str:
    """Return the text that stands for a stored value in the input of its term."""
    if value is None or value == "":
        return ""
    if name == "assigned_at":
        return formatting.local_input(value)
    if name == "progress":
        return f"{value:g}"
    return formatting.indented_json(value) if name == "passthrough" else str(value)
