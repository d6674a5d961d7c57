"""The rules as the page `docs/access.md`, for whoever must say who may do what."""

from collections.abc import Iterator
from typing import Final

from django.urls import URLPattern, URLResolver, get_resolver

from dashboard.access.roles import NAMES
from dashboard.access.rules import OPEN, ROLES, RULES, Rule

HEAD: Final = """# Who may do what

Written by `manage.py access` from the rules that are enforced (`dashboard/access/rules.py`); a test
fails when this page is old. Roles come from the identity provider's groups. One never implies
another: an administrator who assigns is in a group for managers too. Nobody else gets in, and an
address that is not listed answers 403.

With `ACCOUNT_GROUPS` a manager sees and uses only the linked accounts of the manager's groups;
people, content, drafts and batches of others answer 404. Who verifies the log sees every account,
and the log is one: whoever may read it reads all of it.

| what | address | method | {roles} | without sign-in |
| --- | --- | --- | {lines} | --- |
"""


def page() -> str:
    """Return the whole page."""
    head = HEAD.format(
        roles=" | ".join(NAMES[role] for role in ROLES), lines=" | ".join(["---"] * len(ROLES))
    )
    paths = dict(named_paths(get_resolver().url_patterns))
    return head + "".join(_line(rule, paths[name]) for name, rule in RULES.items())


def named_paths(
    patterns: list[URLPattern | URLResolver], prefix: str = "/"
) -> Iterator[tuple[str, str]]:
    """Yield the name and the path of every address of the site."""
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from named_paths(pattern.url_patterns, path)
        else:
            yield pattern.name or path, path


def _line(rule: Rule, path: str) -> str:
    marks = ["yes" if rule.allows(role) else "–" for role in ROLES]
    marks.append("yes" if rule.needs == OPEN else "–")
    cells = [rule.does, f"`{path}`", " ".join(rule.methods), *marks]
    return f"| {' | '.join(cells)} |\n"
