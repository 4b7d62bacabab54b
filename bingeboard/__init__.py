"""The project package: settings, users, shows and the street door. Importing it loads the Celery app."""

from bingeboard.celery import app as celery_app

__all__ = ["celery_app"]
