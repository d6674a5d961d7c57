"""WSGI application of the site, for granian and other servers."""

import gc
import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

application = get_wsgi_application()

# Persistent connections: opening one for each request took a fifth of its time. Only for the web
# processes, whose threads live as long as they do; a worker's threads do not.
for connection in connections.all():
    connection.settings_dict |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}

# Load the views before the first request. Exempt what is loaded from garbage collection: a full
# collection takes 50 ms, in the middle of a request.
import_module(settings.ROOT_URLCONF)
gc.collect()
gc.freeze()
