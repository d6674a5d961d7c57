"""What error reports never show, in the browser and in the log."""

import re

from django.views.debug import SafeExceptionReporterFilter


class Masking(SafeExceptionReporterFilter):
    """Hides our secrets too, and every cookie."""

    hidden_settings = re.compile(
        "API|AUTH|TOKEN|KEY|SECRET|PASS|SIGNATURE|HTTP_COOKIE|BROKER|DATABASE|DSN|TASKS|COOKIES",
        flags=re.IGNORECASE,
    )
