"""URLs for signing in and out, sessions and access tokens."""

from django.urls import path

from dashboard.access import (
    access_tokens_page,
    addresses_page,
    headers,
    proxy_sign_in,
    sessions_page,
    single_sign_on,
    views,
)

urlpatterns = [
    path("login/", views.login, name="login"),
    path("login/demo/<slug:key>", views.sign_in_as_persona, name="login-demo"),
    path("login/start", single_sign_on.start_sign_in, name="login-start"),
    path("login/proxy", proxy_sign_in.sign_in_by_proxy, name="login-proxy"),
    path("login/renew", single_sign_on.renew_by_browser, name="login-renew"),
    path("login/callback", single_sign_on.callback, name="login-callback"),
    path("login/ended", single_sign_on.backchannel_logout, name="login-ended"),
    path("logout/", views.logout, name="logout"),
    path("csp-report", headers.csp_report, name="csp-report"),
    path("sessions/", sessions_page.sessions, name="sessions"),
    path("sessions/<int:pk>/end", sessions_page.sessions_end, name="sessions-end"),
    path("settings/addresses/", addresses_page.addresses, name="addresses"),
    path(
        "settings/addresses/<int:pk>/release",
        addresses_page.addresses_release,
        name="addresses-release",
    ),
    path("settings/tokens/", access_tokens_page.access_tokens, name="access-tokens"),
    path(
        "settings/tokens/<int:pk>/revoke",
        access_tokens_page.access_token_revoke,
        name="access-token-revoke",
    ),
]
