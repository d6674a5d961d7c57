"""What an answer's headers say of the limit on requests, in the old spellings and the new.

* `RateLimit-Policy: "a";q=100;w=1` and `RateLimit: "a";r=5;t=1`
  (draft-ietf-httpapi-ratelimit-headers 08 to 11)
* `RateLimit-Policy: 100;w=1` and `RateLimit: limit=100, remaining=5, reset=1` (draft 07)
* `RateLimit-Limit: 100;w=1`, `RateLimit-Remaining`, `RateLimit-Reset` (until draft 06)
* the same three with `X-` before them, whose reset may be a moment in seconds or milliseconds

StackOne declares none of them; a gateway in between may. What is malformed is ignored.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

from assignments.stackone.json_values import number

LONGEST_HEADER: Final = 400
LARGEST: Final = 1e9
LONGEST_WAIT: Final = 31 * 86_400.0
# A reset beyond these is a moment since 1970, not a number of seconds to wait.
FIRST_MOMENT: Final = 1e9
FIRST_IN_MILLISECONDS: Final = 1e11

NAMES: Final = frozenset(
    {
        f"{prefix}ratelimit{suffix}"
        for prefix in ("", "x-")
        for suffix in ("", "-policy", "-limit", "-remaining", "-reset")
    }
)
WORD: Final = r'"(?:[^"\\]|\\.)*"|:[A-Za-z0-9+/=]*:|[^\s,;="]+'
ITEM: Final = re.compile(rf"({WORD})((?:\s*;\s*[^\s,;=\"]+(?:=(?:{WORD})?)?)*)\s*(?:,|$)")
PARAMETER: Final = re.compile(rf";\s*([^\s,;=\"]+)=({WORD})")
PAIR: Final = re.compile(rf"([a-z]+)=({WORD})")

type Items = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in so many seconds, and how many of them are left until the reset."""

    quota: float | None = None
    window_seconds: float | None = None
    remaining: float | None = None
    reset_seconds: float | None = None

    def per_second(self) -> float | None:
        """Return how many requests a second use up the quota evenly."""
        if self.quota is None or self.window_seconds is None:
            return None
        return self.quota / self.window_seconds


def limit_of(headers: Mapping[str, str]) -> Limit | None:
    """Return the tightest limit that an answer tells of; header names are in lower case."""
    if NAMES.isdisjoint(headers):
        return None
    told = [limit for limit in _all(headers) if limit.quota or limit.remaining is not None]
    return min(told, key=_tightness, default=None)


def _tightness(limit: Limit) -> tuple[float, float]:
    pace, left = limit.per_second(), limit.remaining
    return (LARGEST if pace is None else pace, LARGEST if left is None else left)


def _all(headers: Mapping[str, str]) -> Iterator[Limit]:
    policies = _items(headers, "ratelimit-policy")
    states = _items(headers, "ratelimit")
    for name in policies | states:
        yield _named(policies.get(name, {}), states.get(name, {}))
    windows = [item.get("w") for item in policies.values()]
    pairs = dict(PAIR.findall(_short(headers, "ratelimit")))
    yield _plain(pairs, windows, headers)
    for prefix in ("ratelimit-", "x-ratelimit-"):
        found = _items(headers, f"{prefix}limit")
        words = {name: _short(headers, prefix + name) for name in ("remaining", "reset")}
        words["limit"] = next(iter(found), "")
        yield _plain(words, [*(item.get("w") for item in found.values()), *windows], headers)


def _named(policy: Mapping[str, str], state: Mapping[str, str]) -> Limit:
    # Other units than requests, such as bytes, say nothing about how many calls may leave.
    if policy.get("qu", "requests") != "requests":
        return Limit()
    return Limit(
        quota=_amount(policy.get("q"), least=1),
        window_seconds=_amount(policy.get("w"), least=1),
        remaining=_amount(state.get("r")),
        reset_seconds=_seconds(state.get("t"), {}),
    )


def _plain(
    words: Mapping[str, str], windows: list[str | None], headers: Mapping[str, str]
) -> Limit:
    quota = _amount(words.get("limit"), least=1)
    found = [window for text in windows if (window := _amount(text, least=1))]
    return Limit(
        quota=quota,
        window_seconds=found[0] if quota and found else None,
        remaining=_amount(words.get("remaining")),
        reset_seconds=_seconds(words.get("reset"), headers),
    )


def _items(headers: Mapping[str, str], name: str) -> Items:
    found = ITEM.findall(_short(headers, name))
    return {
        item.strip('"'): {key: value.strip('"') for key, value in PARAMETER.findall(parameters)}
        for item, parameters in found
    }


def _short(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    return value if len(value) <= LONGEST_HEADER else ""


def _amount(text: str | None, *, least: float = 0) -> float | None:
    found = number(text)
    return found if found is not None and least <= found <= LARGEST else None


def _seconds(text: str | None, headers: Mapping[str, str]) -> float | None:
    found = number(text)
    if found is not None and found >= FIRST_MOMENT:
        moment = found / 1_000 if found >= FIRST_IN_MILLISECONDS else found
        found = _until(moment, headers.get("date", ""))
    return found if found is not None and 0 <= found <= LONGEST_WAIT else None


def _until(moment: float, date: str) -> float | None:
    # Told by the server's own clock, so that ours does not matter.
    try:
        return max(0.0, moment - parsedate_to_datetime(date).timestamp())
    except (ValueError, OverflowError):
        return None
