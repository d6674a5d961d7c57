"""The one page that is measured: fifty entries of the log in Django's admin, the newest first."""

from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.http import HttpRequest
from django.urls import path

from assignments.models import LogEntry


class Site(AdminSite):
    """Lets anybody in who is signed in."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Ask for no more than a session."""
        return request.user.is_authenticated


class Entries(ModelAdmin[LogEntry]):
    """The columns of the log's own page."""

    list_display = ("at", "actor", "action", "result", "batch", "seq")
    list_per_page = 50
    ordering = ("-seq",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let everybody see."""
        return True

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Let everybody see."""
        return True


site = Site()
site.register(LogEntry, Entries)
urlpatterns = [path("admin/", site.urls)]
