"""The access rules as a Markdown table: the content of `docs/access.md`."""

from collections.abc import Iterator
from typing import Final

from django.urls import URLPattern, URLResolver, get_resolver

from dashboard.access.roles import ROLE_NAMES
from dashboard.access.rules import PUBLIC, ROLES, RULES, Rule

HEADER: Final = """# Who may do what

Written by `manage.py access` from the rules that are enforced (`dashboard/access/rules.py`); a test
fails when this page is out of date. Roles come from the identity provider's groups. No role implies
another: an administrator who assigns is also in a group for managers. Nobody else can sign in, and
an address that is not listed responds 403.

With `ACCOUNT_GROUPS` a manager sees and uses only the linked accounts of the manager's groups;
people, content, drafts and batches of other accounts respond 404. People who may verify the log see
every account, and there is one log: whoever may read it can read all of it.

| what | address | method | {roles} | without sign-in |
| --- | --- | --- | {lines} | --- |
"""


def page() -> str:
    """Return the whole page."""
    header = HEADER.format(
        roles=" | ".join(ROLE_NAMES[role] for role in ROLES),
        lines=" | ".join(["---"] * len(ROLES)),
    )
    paths = dict(named_paths(get_resolver().url_patterns))
    return header + "".join(_row(rule, paths[name]) for name, rule in RULES.items())


def named_paths(
    patterns: list[URLPattern | URLResolver], prefix: str = "/"
) -> Iterator[tuple[str, str]]:
    """Yield the name and the path of every URL of the site."""
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from named_paths(pattern.url_patterns, path)
        else:
            yield pattern.name or path, path


def _row(rule: Rule, path: str) -> str:
    marks = ["yes" if rule.allows(role) else "–" for role in ROLES]
    marks.append("yes" if rule.requires == PUBLIC else "–")
    cells = [rule.description, f"`{path}`", " ".join(rule.methods), *marks]
    return f"| {' | '.join(cells)} |\n"
