"""Authentication backend: loads the user of a session; permissions come from the user's roles."""

from typing import override

from django.contrib.auth.backends import BaseBackend

from dashboard.access.models import User


class SessionBackend(BaseBackend):
    """Loads the user of a session if the account is active."""

    @override
    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()
