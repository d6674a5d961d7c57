"""Ask a person at the terminal before a command does what cannot be undone."""

from django.core.management import CommandError


def confirm(question: str) -> bool:
    """Return whether the person answers yes.

    :raises CommandError: if nobody can answer, because the command has no input
    """
    try:
        answer = input(f"{question} [y/N] ")
    except (EOFError, RuntimeError) as error:
        # Python raises RuntimeError if standard input is closed.
        raise CommandError("Nobody can answer here. Add --yes to go on without asking.") from error
    return answer.strip().lower() in {"y", "yes"}
