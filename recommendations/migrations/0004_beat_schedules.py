"""Give every stage a schedule in the database, where curators can change it; running it again changes none."""

from django.db import migrations

PREFIX = "BingeBoard: "
# name -> (task, keyword arguments as JSON, every, period)
SCHEDULES = {
    "refresh stale viewers": ("recommendations.sweep", "{}", 15, "seconds"),
    "purge what has expired": ("recommendations.purge", "{}", 1, "hours"),
    "trending": ("recommendations.run_stage", '{"stage": "trending"}', 15, "minutes"),
    "features": ("recommendations.run_stage", '{"stage": "features"}', 6, "hours"),
    "embeddings": ("recommendations.run_stage", '{"stage": "embeddings"}', 6, "hours"),
    "profiles": ("recommendations.run_stage", '{"stage": "profiles"}', 1, "days"),
    "signals": ("recommendations.run_stage", '{"stage": "signals"}', 1, "days"),
    "similarity": ("recommendations.run_stage", '{"stage": "similarity"}', 1, "days"),
    "clusters": ("recommendations.run_stage", '{"stage": "clusters"}', 1, "days"),
    "collaborative": ("recommendations.run_stage", '{"stage": "collaborative"}', 6, "hours"),
    "candidates": ("recommendations.run_stage", '{"stage": "candidates"}', 12, "hours"),
}


def add(apps, schema_editor):
    interval_model = apps.get_model("django_celery_beat", "IntervalSchedule")
    task_model = apps.get_model("django_celery_beat", "PeriodicTask")
    for name, (task, arguments, every, period) in SCHEDULES.items():
        interval, _ = interval_model.objects.get_or_create(every=every, period=period)
        task_model.objects.get_or_create(
            name=PREFIX + name, defaults={"task": task, "kwargs": arguments, "interval": interval}
        )


def remove(apps, schema_editor):
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__startswith=PREFIX).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("recommendations", "0003_feature_strengths"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(add, remove)]
