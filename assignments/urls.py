"""URLs of the app; every URL name is the name of its page or action, with hyphens."""

from django.urls import URLPattern, path

from assignments.views import (
    approval,
    assign,
    assign_paste,
    assign_picks,
    assign_selection,
    assign_upload,
    assignment_history,
    audiences,
    audit,
    batches,
    control,
    default_terms,
    directory,
    exports,
    facets,
    log_api,
    mandatory,
    overview,
    privacy,
    refresh,
    review,
    search,
    settings,
    verifying,
)

ASSIGN: list[URLPattern] = [
    path("assign/new", assign.assign_new, name="assign-new"),
    path("assign/<uuid:pk>/", assign.assign, name="assign"),
    path("assign/<uuid:pk>/terms", assign.assign_terms, name="assign-terms"),
    path("assign/<uuid:pk>/discard", assign.assign_discard, name="assign-discard"),
    path("assign/<uuid:pk>/recover", assign.assign_recover, name="assign-recover"),
    path("assign/<uuid:pk>/content", assign_picks.assign_content, name="assign-content"),
    path(
        "assign/<uuid:pk>/item-due-dates",
        assign_picks.assign_item_due_dates,
        name="assign-item-due-dates",
    ),
    path("assign/<uuid:pk>/pick", assign_picks.assign_pick, name="assign-pick"),
    path("assign/<uuid:pk>/pick-all", assign_picks.assign_pick_all, name="assign-pick-all"),
    path("assign/<uuid:pk>/clear", assign_picks.assign_clear, name="assign-clear"),
    path("assign/<uuid:pk>/paste", assign_paste.assign_paste, name="assign-paste"),
    path("assign/<uuid:pk>/upload", assign_upload.assign_upload, name="assign-upload"),
    path(
        "assign/<uuid:pk>/upload/sheet",
        assign_upload.assign_upload_sheet,
        name="assign-upload-sheet",
    ),
    path(
        "assign/<uuid:pk>/upload/columns",
        assign_upload.assign_upload_columns,
        name="assign-upload-columns",
    ),
    path(
        "assign/<uuid:pk>/upload/suggestion",
        assign_upload.assign_upload_suggestion,
        name="assign-upload-suggestion",
    ),
    path(
        "assign/<uuid:pk>/upload/refused",
        assign_upload.assign_upload_refused,
        name="assign-upload-refused",
    ),
    path(
        "assign/<uuid:pk>/upload/remove",
        assign_upload.assign_upload_remove,
        name="assign-upload-remove",
    ),
    path("assign/<uuid:pk>/audience", assign_selection.assign_audience, name="assign-audience"),
    path("assign/<uuid:pk>/exclude", assign_selection.assign_exclude, name="assign-exclude"),
    path("assign/<uuid:pk>/put-back", assign_selection.assign_put_back, name="assign-put-back"),
    path(
        "assign/<uuid:pk>/save-audience",
        assign_selection.assign_save_audience,
        name="assign-save-audience",
    ),
    path("assign/<uuid:pk>/review/", review.review, name="review"),
    path("assign/<uuid:pk>/review/refresh", refresh.review_refresh, name="review-refresh"),
    path("assign/<uuid:pk>/review/start", review.review_start, name="review-start"),
    path("assign/<uuid:pk>/review/plan.csv", review.review_file, name="review-file"),
    path("assign/<uuid:pk>/submit", review.submit, name="submit"),
]

BATCHES: list[URLPattern] = [
    path("batches/", batches.batch_list, name="batches"),
    path("batches/<int:number>/", batches.batch, name="batch"),
    path("batches/<int:number>/progress", batches.batch_progress, name="batch-progress"),
    path("batches/<int:number>/approval", approval.batch_approval, name="batch-approval"),
    path("batches/<int:number>/copy", control.batch_copy, name="batch-copy"),
    path(
        "batches/<int:number>/rows/<int:row>/<slug:action>", control.row_action, name="row-action"
    ),
    path("batches/<int:number>/<slug:action>", control.batch_action, name="batch-action"),
]

DIRECTORY: list[URLPattern] = [
    path("people/", directory.people, name="people"),
    path("people/<int:pk>/", directory.person, name="person"),
    path(
        "people/<int:pk>/content/<int:content>/",
        assignment_history.history,
        name="assignment-history",
    ),
    path("audiences/", audiences.audience_list, name="audiences"),
    path("audiences/<int:pk>/use", audiences.audience_use, name="audience-use"),
    path("audiences/<int:pk>/rename", audiences.audience_rename, name="audience-rename"),
    path(
        "audiences/<int:pk>/more-fields", default_terms.audience_defaults, name="audience-defaults"
    ),
    path("audiences/<int:pk>/delete", audiences.audience_delete, name="audience-delete"),
    path("content/", directory.content_list, name="content-list"),
    path("content/<int:pk>/", directory.content_item, name="content-item"),
    path("content/<int:pk>/mandatory", mandatory.content_mandatory, name="content-mandatory"),
    path("content/<int:pk>/more-fields", default_terms.content_defaults, name="content-defaults"),
]

AUDIT: list[URLPattern] = [
    path("audit/", audit.audit, name="audit"),
    path("audit/completions", audit.audit_completions, name="audit-completions"),
    path("audit/<int:seq>/", audit.entry, name="entry"),
    path("audit/verify/", verifying.verify, name="verify"),
    path("audit/verify/<int:pk>/", verifying.verification, name="verification"),
    path(
        "audit/verify/search-results",
        verifying.verify_search_results,
        name="verify-search-results",
    ),
    path("audit/verify/file", verifying.verify_file, name="verify-file"),
    path("audit/seal", verifying.seal, name="seal"),
    path("audit/export", exports.export, name="export"),
    path("audit/sample", exports.sample, name="sample"),
    path("api/audit/entries", log_api.entries, name="log-api"),
    path("audit/print", exports.audit_print, name="audit-print"),
    path("exports/", exports.exports, name="exports"),
    path("exports/<int:pk>/file", exports.export_file, name="export-file"),
]

SETTINGS: list[URLPattern] = [
    path("settings/", settings.settings, name="settings"),
    path("settings/sync", settings.sync, name="sync"),
    path("settings/accounts/<int:pk>/resume", settings.account_resume, name="account-resume"),
    path("settings/accounts/<int:pk>/facets", facets.facets, name="facets"),
    path(
        "settings/accounts/<int:pk>/passthrough",
        default_terms.account_passthrough,
        name="account-passthrough",
    ),
    path("settings/privacy/", privacy.privacy, name="privacy"),
    path("settings/privacy/retention", privacy.privacy_retention, name="privacy-retention"),
    path("settings/privacy/<slug:kind>/<int:pk>/", privacy.privacy_person, name="privacy-person"),
    path("settings/privacy/<slug:kind>/<int:pk>/hold", privacy.privacy_hold, name="privacy-hold"),
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
