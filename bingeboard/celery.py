"""The Celery app. Tasks live in the apps' tasks.py; their schedules live in the database, edited in the admin."""

import os

from celery import Celery
from celery.signals import before_task_publish, task_postrun, task_prerun

from bingeboard import request_ids

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bingeboard.settings")

app = Celery("bingeboard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
before_task_publish.connect(request_ids.add_to_message)
task_prerun.connect(request_ids.take_from_message)
task_postrun.connect(request_ids.put_down)
