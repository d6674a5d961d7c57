"""Parse rate-limit headers, in the spellings of all drafts and the older X- ones.

* `RateLimit-Policy: "a";q=100;w=1` and `RateLimit: "a";r=5;t=1`
  (draft-ietf-httpapi-ratelimit-headers 08 to 11)
* `RateLimit-Policy: 100;w=1` and `RateLimit: limit=100, remaining=5, reset=1` (draft 07)
* `RateLimit-Limit: 100;w=1`, `RateLimit-Remaining`, `RateLimit-Reset` (until draft 06)
* the same three with `X-` before them, whose reset may be a Unix time in seconds or milliseconds

StackOne documents none of them, but an API gateway in between may add them. Malformed headers are
ignored.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

from assignments.stackone.json_values import as_number

MAX_HEADER_CHARACTERS: Final = 400
MAX_AMOUNT: Final = 1e9
# A header may be wrong, or in another unit: after this long one call finds out.
MAX_WAIT_SECONDS: Final = 3_600.0
# A reset from here on is a Unix time, not a number of seconds to wait.
FIRST_UNIX_TIME: Final = 1e9
FIRST_UNIX_MILLISECONDS: Final = 1e11

HEADER_NAMES: Final = frozenset(
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

# Structured-field items by name, each with its parameters.
type Items = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A limit of `quota` requests in a window, and how many remain until the reset."""

    quota: float | None = None
    window_seconds: float | None = None
    remaining: float | None = None
    reset_seconds: float | None = None

    def per_second(self) -> float | None:
        """Return the requests per second that use up the quota evenly."""
        if self.quota is None or self.window_seconds is None:
            return None
        return self.quota / self.window_seconds


def parse_rate_limit(headers: Mapping[str, str]) -> RateLimit | None:
    """Return the strictest limit in a response's headers, whose names are in lower case."""
    if HEADER_NAMES.isdisjoint(headers):
        return None
    limits = [limit for limit in _limits(headers) if limit.quota or limit.remaining is not None]
    return min(limits, key=_strictness, default=None)


def _strictness(limit: RateLimit) -> tuple[float, float]:
    rate, remaining = limit.per_second(), limit.remaining
    return (
        MAX_AMOUNT if rate is None else rate,
        MAX_AMOUNT if remaining is None else remaining,
    )


def _limits(headers: Mapping[str, str]) -> Iterator[RateLimit]:
    policies = _items(headers, "ratelimit-policy")
    states = _items(headers, "ratelimit")
    for name in policies | states:
        yield _policy_limit(policies.get(name, {}), states.get(name, {}))
    windows = [item.get("w") for item in policies.values()]
    pairs = dict(PAIR.findall(_value(headers, "ratelimit")))
    yield _plain_limit(pairs, windows, headers)
    for prefix in ("ratelimit-", "x-ratelimit-"):
        items = _items(headers, f"{prefix}limit")
        values = {name: _value(headers, prefix + name) for name in ("remaining", "reset")}
        values["limit"] = next(iter(items), "")
        item_windows = [item.get("w") for item in items.values()]
        yield _plain_limit(values, [*item_windows, *windows], headers)


def _policy_limit(policy: Mapping[str, str], state: Mapping[str, str]) -> RateLimit:
    # A limit on another unit, such as bytes, does not limit the number of calls.
    if policy.get("qu", "requests") != "requests":
        return RateLimit()
    return RateLimit(
        quota=_amount(policy.get("q"), least=1),
        window_seconds=_amount(policy.get("w"), least=1),
        remaining=_amount(state.get("r")),
        reset_seconds=_reset_seconds(state.get("t"), {}),
    )


def _plain_limit(
    values: Mapping[str, str], windows: list[str | None], headers: Mapping[str, str]
) -> RateLimit:
    quota = _amount(values.get("limit"), least=1)
    valid_windows = [window for text in windows if (window := _amount(text, least=1))]
    return RateLimit(
        quota=quota,
        window_seconds=valid_windows[0] if quota and valid_windows else None,
        remaining=_amount(values.get("remaining")),
        reset_seconds=_reset_seconds(values.get("reset"), headers),
    )


def _items(headers: Mapping[str, str], name: str) -> Items:
    return {
        item.strip('"'): {key: value.strip('"') for key, value in PARAMETER.findall(parameters)}
        for item, parameters in ITEM.findall(_value(headers, name))
    }


def _value(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    return value if len(value) <= MAX_HEADER_CHARACTERS else ""


def _amount(text: str | None, *, least: float = 0) -> float | None:
    number = as_number(text)
    return number if number is not None and least <= number <= MAX_AMOUNT else None


def _reset_seconds(text: str | None, headers: Mapping[str, str]) -> float | None:
    seconds = as_number(text)
    if seconds is not None and seconds >= FIRST_UNIX_TIME:
        unix_time = seconds / 1_000 if seconds >= FIRST_UNIX_MILLISECONDS else seconds
        seconds = _seconds_until(unix_time, headers.get("date", ""))
    return min(seconds, MAX_WAIT_SECONDS) if seconds is not None and seconds >= 0 else None


def _seconds_until(unix_time: float, date: str) -> float | None:
    # Relative to the server's own clock, so that ours does not matter.
    try:
        return max(0.0, unix_time - parsedate_to_datetime(date).timestamp())
    except (ValueError, OverflowError):
        return None
