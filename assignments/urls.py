"""Paths of the app: every name is the page's name with hyphens."""

from django.urls import URLPattern, path

from assignments.views import (
    assign,
    assign_picks,
    audit,
    batches,
    control,
    directory,
    overview,
    review,
    search,
    settings,
)

ASSIGN: list[URLPattern] = [
    path("assign/new", assign.assign_new, name="assign-new"),
    path("assign/<uuid:pk>/", assign.assign, name="assign"),
    path("assign/<uuid:pk>/terms", assign.assign_terms, name="assign-terms"),
    path("assign/<uuid:pk>/discard", assign.assign_discard, name="assign-discard"),
    path("assign/<uuid:pk>/content", assign_picks.assign_content, name="assign-content"),
    path("assign/<uuid:pk>/pick", assign_picks.assign_pick, name="assign-pick"),
    path("assign/<uuid:pk>/pick-all", assign_picks.assign_pick_all, name="assign-pick-all"),
    path("assign/<uuid:pk>/clear", assign_picks.assign_clear, name="assign-clear"),
    path("assign/<uuid:pk>/review/", review.review, name="review"),
    path("assign/<uuid:pk>/review/start", review.review_start, name="review-start"),
    path("assign/<uuid:pk>/submit", review.submit, name="submit"),
]

BATCHES: list[URLPattern] = [
    path("batches/", batches.batch_list, name="batches"),
    path("batches/<int:pk>/", batches.batch, name="batch"),
    path("batches/<int:pk>/progress", batches.batch_progress, name="batch-progress"),
    path("batches/<int:pk>/copy", control.batch_copy, name="batch-copy"),
    path("batches/<int:pk>/rows/<int:row>/<slug:action>", control.row_action, name="row-action"),
    path("batches/<int:pk>/<slug:action>", control.batch_action, name="batch-action"),
]

DIRECTORY: list[URLPattern] = [
    path("people/", directory.people, name="people"),
    path("people/<int:pk>/", directory.person, name="person"),
    path("content/", directory.content_list, name="content-list"),
    path("content/<int:pk>/", directory.content_item, name="content-item"),
]

AUDIT: list[URLPattern] = [
    path("audit/", audit.audit, name="audit"),
    path("audit/<int:seq>/", audit.entry, name="entry"),
    path("audit/verify/", audit.verify_page, name="verify"),
    path("audit/export", audit.export, name="export"),
]

SETTINGS: list[URLPattern] = [
    path("settings/", settings.settings, name="settings"),
    path("settings/sync", settings.sync_now, name="sync"),
    path("settings/accounts/<int:pk>/resume", settings.resume, name="resume"),
]

urlpatterns: list[URLPattern] = [
    path("", overview.home, name="home"),
    path("search", search.search, name="search"),
    *ASSIGN,
    *BATCHES,
    *DIRECTORY,
    *AUDIT,
    *SETTINGS,
]
