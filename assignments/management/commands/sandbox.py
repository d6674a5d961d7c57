"""`manage.py sandbox`: serve the sandbox LMS, which stands in for StackOne over real HTTP."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import CommandError

from assignments.management.command_options import Option
from assignments.management.desk_command import DeskCommand
from assignments.stackone.sandbox.faults import UnknownFault, validate_shares
from assignments.stackone.sandbox.options import SandboxOptions

MAX_PORT = 65_535
MINIMUMS = {
    "port": 0,
    "learners": 1,
    "content": 1,
    "latency_ms": 0,
    "requests_per_minute": 0,
    "window_seconds": 1,
    "visible_after_ms": 0,
    "seed": 0,
}


class Command(DeskCommand):
    """Serve the sandbox LMS until it is stopped."""

    help = "Serve the embedded sandbox LMS until it is stopped; prints one line when ready."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the flags."""
        for name in MINIMUMS:
            default = getattr(SandboxOptions, name)
            parser.add_argument(_flag(name), type=int, default=default, help=f"default: {default}")
        parser.add_argument(
            "--faults",
            default="",
            metavar="KIND=SHARE,…",
            help="shares of creates that get a fault, such as 500=0.1,reset-after=0.05",
        )
        parser.add_argument(
            "--db", type=Path, metavar="FILE", help="file in which to store assignments"
        )
        parser.add_argument(
            "--odd-forms",
            action="store_true",
            help="write values in the odd forms of some providers",
        )
        parser.add_argument(
            "--rate-headers",
            action="store_true",
            help="send rate limit headers",
        )

    def handle(self, **flags: Option) -> None:
        """Check the flags and serve."""
        for name, minimum in MINIMUMS.items():
            if flags[name] < minimum:
                raise CommandError(f"{_flag(name)} must be at least {minimum}.")
        if flags["port"] > MAX_PORT:
            raise CommandError(f"{_flag('port')} must be at most {MAX_PORT}.")
        options = {name: flags[name] for name in (*MINIMUMS, "db", "odd_forms", "rate_headers")}
        _serve(SandboxOptions(**options, faults=_faults(flags["faults"])))


def _serve(options: SandboxOptions) -> None:
    try:
        from assignments.stackone.sandbox.server import serve  # noqa: PLC0415  optional dependencies
    except ModuleNotFoundError as error:
        raise CommandError(
            f"The sandbox LMS needs {error.name}, which is not in requirements/app.txt: "
            "install requirements/dev.txt, as `make setup` does."
        ) from error
    serve(options)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _faults(text: str) -> dict[str, float]:
    try:
        pairs = [pair.split("=") for pair in text.split(",") if pair.strip()]
        return validate_shares({kind.strip(): float(share) for kind, share in pairs})
    except UnknownFault as error:
        raise CommandError(str(error)) from error
    except ValueError as error:
        raise CommandError("--faults must look like 500=0.1,reset-after=0.05.") from error
