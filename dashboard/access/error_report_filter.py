"""Filter of Django's error reports: hides secret settings and cookies, on pages and in the log."""

import re

from django.views.debug import SafeExceptionReporterFilter


class ErrorReportFilter(SafeExceptionReporterFilter):
    """Django's filter, which also hides the product's own secrets and every cookie."""

    hidden_settings = re.compile(
        "API|AUTH|TOKEN|KEY|SECRET|PASS|SIGNATURE|HTTP_COOKIE|BROKER|DATABASE|DSN|TASKS|COOKIES",
        flags=re.IGNORECASE,
    )
