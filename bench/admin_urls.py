"""The page of Django's admin that is measured: the newest fifty entries of the log."""

from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.http import HttpRequest
from django.urls import path

from assignments.models import LogEntry


class AnyUserSite(AdminSite):
    """An admin site that every signed-in user may use."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Return whether the user is signed in."""
        return request.user.is_authenticated


class LogEntryAdmin(ModelAdmin[LogEntry]):
    """The columns of the log's own page."""

    list_display = ("at", "actor", "action", "result", "batch", "seq")
    list_per_page = 50
    ordering = ("-seq",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow every user."""
        return True

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Allow every user."""
        return True


site = AnyUserSite()
site.register(LogEntry, LogEntryAdmin)
urlpatterns = [path("admin/", site.urls)]
