"""All stages in order: a named start, one at a time, and the same rows twice."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from bingeboard.errors import Invalid, Stale
from recommendations.pipeline.rebuild import NAMES, STAGES, exclusively, run_stage, stages_between

# What may differ between two runs: when it was made, and under which id.
PASSING = {
    "id",
    "generated_at",
    "expires_at",
    "calculated_at",
    "updated_at",
    "created_at",
    "promoted_at",
    "refreshed_at",
}
DERIVED = (
    "content_features",
    "content_embeddings",
    "content_similarity",
    "user_taste_profiles",
    "user_context",
    "platform_user_preferences",
    "social_signals",
    "user_clusters",
    "trending_cache",
    "recommendation_candidates",
)


def rows_of(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT to_jsonb(t) - %s::text[] FROM {table} t ORDER BY 1", [list(PASSING)])
        return [str(row[0]) for row in cursor.fetchall()]


@pytest.mark.django_db
def test_every_stage_run_twice_leaves_the_same_rows(world, now) -> None:
    for stage in STAGES:
        run_stage(stage=stage, now=now)
    before = {table: rows_of(table) for table in DERIVED}

    for stage in STAGES:
        run_stage(stage=stage, now=now)

    for table in DERIVED:
        assert rows_of(table) == before[table], table
    assert all(before[table] for table in DERIVED if table not in ("social_signals", "platform_user_preferences"))


def test_stages_start_and_end_where_they_are_told() -> None:
    assert [stage.name for stage in stages_between("profiles", "similarity")] == [
        "profiles",
        "signals",
        "attention",
        "similarity",
    ]
    with pytest.raises(Invalid, match="trending comes after profiles"):
        stages_between("trending", "profiles")
    assert [stage.name for stage in stages_between("trending")] == list(NAMES[NAMES.index("trending") :])
    assert stages_between() == STAGES
    with pytest.raises(Invalid, match="no stage 'cooking'; the stages are features"):
        stages_between("cooking")


@pytest.mark.django_db(transaction=True)
def test_a_stage_that_somebody_else_runs_is_not_run_beside_it() -> None:
    import psycopg

    settings = connection.get_connection_params()
    keys = ("host", "port", "user", "password", "dbname")
    with psycopg.connect(**{key: settings[key] for key in keys}) as other:
        other.execute("SELECT pg_advisory_lock(hashtextextended('bingeboard.stage.trending', 0))")
        other.commit()

        with pytest.raises(Stale, match="trending is being run"), exclusively("trending"):
            pass
        other.execute("SELECT pg_advisory_unlock_all()")
    with exclusively("trending"):
        pass


@pytest.mark.django_db
def test_the_command_says_what_each_stage_did(world) -> None:
    out = io.StringIO()

    call_command("rebuild", first="collaborative", stdout=out)

    lines = out.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == ["collaborative", "blend", "candidates"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"first": "cooking"}, "no stage 'cooking'"),
        ({"only": "cooking"}, "no stage 'cooking'"),
        ({"users": ["nobody"]}, "no viewer 'nobody'"),
    ],
)
def test_the_command_refuses_what_is_not_there_and_changes_nothing(world, given, said) -> None:
    before = rows_of("recommendation_candidates")

    with pytest.raises(CommandError, match=said) as refused:
        call_command("rebuild", **given)

    assert refused.value.returncode == 2
    assert rows_of("recommendation_candidates") == before


@pytest.mark.django_db
def test_for_some_viewers_only_their_rows_are_made(world) -> None:
    out = io.StringIO()

    call_command("rebuild", users=["space-0"], stdout=out)

    assert [line.split()[0] for line in out.getvalue().splitlines()] == ["profiles", "signals", "candidates"]
