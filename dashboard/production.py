"""What an installation needs that anything real depends on: a secret key, and no debugging."""

from collections.abc import Iterable

from django.core.exceptions import ImproperlyConfigured

from dashboard.environment import Environment

SANDBOX_SECRET_KEY = "public-because-the-sandbox-holds-nothing-real-and-needs-no-secret"  # noqa: S105
MIN_SECRET_KEY_LENGTH = 50
# A random key of that length has more different characters, even if it consists of digits.
MIN_DIFFERENT_CHARACTERS = 7
# Words of keys that somebody was meant to replace.
PLACEHOLDERS = ("insecure", "change-me", "change_me", "changeme", "example", "public-because")


def secret_key(env: Environment, *, is_production: bool) -> str:
    """Return Django's secret key; only for the demo on the built-in sandbox may it be unset.

    :raises ImproperlyConfigured: if it is missing, or if somebody else could know or guess it
    """
    key = str(env.str("SECRET_KEY"))
    if not is_production:
        return key or SANDBOX_SECRET_KEY
    if not key:
        raise ImproperlyConfigured(f"SECRET_KEY is not set. {_advice('it')}")
    refuse_weak_keys("SECRET_KEY", [key])
    return key


def refuse_weak_keys(name: str, keys: Iterable[str]) -> None:
    """Refuse keys with which somebody else could make valid sessions.

    :raises ImproperlyConfigured: without quoting the key
    """
    for key in keys:
        weakness = _weakness(key)
        if weakness:
            raise ImproperlyConfigured(f"{name} {weakness}. {_advice(name)}")


def refuse_debug(*, is_debug: bool, is_production: bool) -> None:
    """Refuse to show tracebacks, with what the code held in variables, of anything real.

    :raises ImproperlyConfigured: with the one thing to change
    """
    if is_debug and is_production:
        raise ImproperlyConfigured(
            "DEBUG is set together with STACKONE_API_KEY, OIDC_ISSUER or PROXY_SECRET: error pages "
            "would show internal data to everybody. Unset DEBUG."
        )


def _weakness(key: str) -> str:
    if len(key) < MIN_SECRET_KEY_LENGTH:
        return f"has fewer than {MIN_SECRET_KEY_LENGTH} characters"
    if any(word in key.lower() for word in PLACEHOLDERS):
        return "is an example that others know"
    # A repeated text occurs in its own double before the end of the first half.
    if len(set(key)) < MIN_DIFFERENT_CHARACTERS or key in (key + key)[1:-1]:
        return "repeats a few characters, which can be guessed"
    return ""


def _advice(subject: str) -> str:
    return (
        f"Set {subject} to {MIN_SECRET_KEY_LENGTH} or more random characters and keep them secret, "
        "such as those that this prints: "
        "python -c 'import secrets; print(secrets.token_urlsafe(50))'"
    )
