"""Fill the database of a house and print, as JSON, who may ask for whom; runs with a Django of its own."""

import json
import sys

import django


def fill(n_viewers: int, more_viewers: int, events_each: int) -> dict[str, object]:
    """Migrate, load the demo, run the pipeline, add viewers with plain histories; returns what a client needs."""
    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from bingeboard.demo.loader import load
    from bingeboard.shows.models import Show
    from bingeboard.users.models import User
    from bingeboard.users.services import issue_token
    from recommendations.pipeline import rebuild

    now = timezone.now()
    call_command("migrate", verbosity=0)
    load(now=now, n_viewers=n_viewers)
    for stage in rebuild.STAGES:
        rebuild.run_stage(stage=stage, now=now)
    if more_viewers:
        with connection.cursor() as cursor:
            cursor.execute(MORE, {"viewers": more_viewers, "each": events_each})
            cursor.execute("ANALYZE")
    service = User.objects.create_user("service", id="service")
    _, token = issue_token(user_id=service.pk, scopes=["act_as"], expires_at=None, now=now)
    viewers = User.objects.exclude(pk__in=["service"]).filter(pk__startswith="more-" if more_viewers else "")
    return {
        "token": token,
        "viewers": sorted(viewers.values_list("pk", flat=True)),
        "shows": sorted(Show.objects.values_list("pk", flat=True)),
    }


MORE = """
WITH who AS (
    INSERT INTO users (id, username, date_joined)
    SELECT 'more-' || n, 'more ' || n, now() - interval '1 year' FROM generate_series(1, %(viewers)s) AS n RETURNING id
), kinds AS (
    SELECT ARRAY['view', 'click', 'play', 'like', 'complete', 'abandon'] AS names
), titles AS (
    SELECT array_agg(id ORDER BY id) AS ids FROM shows
)
INSERT INTO user_behavior_events (event_id, user_id, session_id, event_type, content_id, content_type, context,
    engagement_score, created_at, received_at)
SELECT gen_random_uuid(), who.id, 'before-' || n / 10, names[1 + (random() * 5)::int],
    ids[1 + floor(random() * cardinality(ids))::int], 'movie', '{"device": "tv"}', random(),
    now() - random() * interval '300 days', now() - interval '1 hour'
FROM who, kinds, titles, generate_series(1, %(each)s) AS n
"""

if __name__ == "__main__":
    print(json.dumps(fill(*map(int, sys.argv[1:]))))
