"""Paths of the app: every name is the page's name with hyphens."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
