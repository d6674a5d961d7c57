"""The type of the options of a command."""

from typing import Any

# argparse returns values of the types that `add_arguments` names, which it cannot tell mypy.
type Option = Any
