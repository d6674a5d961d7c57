"""The site as a WSGI application, for granian and other servers."""

import gc
import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

application = get_wsgi_application()

# The threads of a web process live as long as it does: opening a connection for each request took
# a fifth of it. One that broke meanwhile is noticed before it is used. A worker's come and go.
for connection in connections.all():
    connection.settings_dict |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}

# Views are loaded with the first request otherwise. What is loaded stays: to search it for garbage
# takes 50 ms, in the middle of somebody's page.
import_module(settings.ROOT_URLCONF)
gc.collect()
gc.freeze()
