"""Finds the signed-in person for a session; permissions come from the person's roles."""

from typing import override

from django.contrib.auth.backends import BaseBackend

from dashboard.access.models import User


class SessionBackend(BaseBackend):
    """Loads the person of a session, if they may still sign in."""

    @override
    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()
