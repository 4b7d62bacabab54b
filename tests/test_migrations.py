"""Migrations: none is missing, all can be undone and done again, on tables that hold rows."""

import io

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection

OURS = ("recommendations", "experiments", "social", "shows", "users", "signin")


@pytest.mark.django_db
def test_no_change_of_a_model_is_without_its_migration() -> None:
    out = io.StringIO()

    call_command("makemigrations", check=True, dry_run=True, stdout=out, stderr=out)

    assert "No changes detected" in out.getvalue()


@pytest.mark.django_db
def test_every_table_can_be_undone_and_made_again() -> None:
    tables = {model._meta.db_table for label in OURS for model in apps.get_app_config(label).get_models()}
    try:
        for label in OURS[:3]:
            call_command("migrate", label, "zero", verbosity=0)
        left = set(connection.introspection.table_names())
        assert (
            not {t for label in OURS[:3] for t in [m._meta.db_table for m in apps.get_app_config(label).get_models()]}
            & left
        )
    finally:
        call_command("migrate", verbosity=0)

    assert tables <= set(connection.introspection.table_names())


@pytest.mark.django_db
def test_later_migrations_go_back_and_forth_on_a_table_with_rows(user) -> None:
    from bingeboard.shows.models import Show
    from recommendations.models import ContentFeature, UserBehaviorEvent

    show = Show.objects.create(title="Kept")
    ContentFeature.objects.create(content=show, feature_type="genre", feature_value="Drama", strength=0.5)
    UserBehaviorEvent.objects.create(
        user=user, session_id="s", event_type="like", content=show, content_type="movie", engagement_score=1
    )

    try:
        # What was written waits to have its keys checked, and no table is altered while it does.
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        call_command("migrate", "recommendations", "0001", verbosity=0)
    finally:
        call_command("migrate", "recommendations", verbosity=0)

    assert ContentFeature.objects.get().feature_value == "Drama"
    assert UserBehaviorEvent.objects.get().content == show
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_indexes WHERE indexname = 'idx_content_embeddings_vector'")
        assert cursor.fetchone() == (1,)


@pytest.mark.django_db
def test_every_schedule_names_a_task_that_is_there() -> None:
    from django_celery_beat.models import PeriodicTask

    from bingeboard.celery import app
    from recommendations.pipeline.rebuild import NAMES

    app.loader.import_default_modules()
    ours = PeriodicTask.objects.filter(name__startswith="BingeBoard: ")
    stages = {task.kwargs for task in ours if task.task == "recommendations.run_stage"}

    assert {task.task for task in ours} <= set(app.tasks)
    assert stages == {f'{{"stage": "{name}"}}' for name in NAMES}
