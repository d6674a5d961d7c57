"""Paths of the door."""

from django.urls import path

from dashboard.access import views

urlpatterns = [
    path("login/", views.login, name="login"),
    path("login/demo/<slug:key>", views.sign_in_as_persona, name="login-demo"),
    path("logout/", views.logout, name="logout"),
]
