"""WSGI entry: what `make demo` and most deployments serve."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bingeboard.settings")
application = get_wsgi_application()
