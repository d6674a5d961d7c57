"""Signed-in managers, each a person of their own: `python -m bench.people 200`; prints sessions.

Made where a sign-in makes them, since the door lets only 120 a minute in from one address.
"""

import json
import sys

import django


def main(count: int) -> None:
    """Print the keys of so many sessions."""
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
