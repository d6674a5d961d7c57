"""URLs of the site."""

from django.urls import URLPattern, URLResolver, include, path

from dashboard import health, metrics

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("", include("dashboard.access.urls")),
    path("", include("assignments.urls")),
]

handler400 = "dashboard.access.errors.bad_request"
handler403 = "dashboard.access.errors.forbidden"
handler404 = "dashboard.access.errors.not_found"
handler500 = "dashboard.access.errors.server_error"
