"""The Celery app. Tasks live in the apps' tasks.py; their schedules live in the database, edited in the admin."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bingeboard.settings")

app = Celery("bingeboard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
