"""Health checks for load balancers and monitors: process alive, product ready."""

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from assignments.audit.integrity.pinned_mac_key import require_pinned_key
from assignments.audit.signing.keys import KeyUnavailable
from assignments.queries.connection_status import has_running_worker


@require_GET
@never_cache
@login_not_required
def healthz(request: HttpRequest) -> JsonResponse:
    """Respond 200: the process is alive."""
    return JsonResponse({"process": "ok"})


@require_GET
@never_cache
@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """Respond 200 if the database is up to date, a worker runs, the log is writable; else 503."""
    try:
        executor = MigrationExecutor(connection)
        is_migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        has_worker = is_migrated and has_running_worker(now=timezone.now())
        audit_key = _audit_key() if is_migrated else "not checked"
    except DatabaseError:
        return JsonResponse({"database": "cannot be reached"}, status=503)
    checks = {
        "database": "ok",
        "migrations": "ok" if is_migrated else "missing",
        "worker": "ok" if has_worker else "not seen in the last minute",
        "audit_key": audit_key,
    }
    return JsonResponse(checks, status=200 if set(checks.values()) == {"ok"} else 503)


def _audit_key() -> str:
    try:
        require_pinned_key()
    except KeyUnavailable:
        # The sentence names keys; `manage.py doctor` says it to operators.
        return "another one than that of the database, or none"
    return "ok"
