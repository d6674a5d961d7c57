"""Create signed-in managers: `python -m bench.people sign_in 200` prints their sessions' keys.

Creates the sessions directly: sign-in is limited to 120 requests a minute from one address.
"""

from bench.part import run_part


def sign_in(count: str) -> dict[str, object]:
    """Create `count` users with sessions and return the session keys."""
    from django.contrib.sessions.backends.db import SessionStore
    from django.test import RequestFactory

    from dashboard.access import sessions
    from dashboard.access.models import User

    keys = []
    for number in range(int(count)):
        person = {"name": f"Manager {number}", "email": f"m{number}@example.com"}
        user = User.objects.create(issuer="bench", subject=str(number), roles=["manager"], **person)
        request = RequestFactory().get("/")
        request.session, request.user = SessionStore(), user
        sessions.sign_in(request, user)
        request.session.save()
        keys.append(request.session.session_key)
    return {"keys": keys}


if __name__ == "__main__":
    run_part({"sign_in": sign_in})
