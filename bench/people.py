"""Create signed-in managers: `python -m bench.people 200` prints the keys of their sessions.

Creates the sessions directly: sign-in is limited to 120 requests a minute from one address.
"""

import json
import sys

import django


def main(count: int) -> None:
    """Create `count` users with sessions and print the session keys."""
    django.setup()
    from django.contrib.sessions.backends.db import SessionStore
    from django.test import RequestFactory

    from dashboard.access import sessions
    from dashboard.access.models import User

    keys = []
    for number in range(count):
        person = {"name": f"Manager {number}", "email": f"m{number}@example.com"}
        user = User.objects.create(issuer="bench", subject=str(number), roles=["manager"], **person)
        request = RequestFactory().get("/")
        request.session, request.user = SessionStore(), user
        sessions.sign_in(request, user)
        request.session.save()
        keys.append(request.session.session_key)
    print(json.dumps({"keys": keys}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
