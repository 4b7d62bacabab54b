"""
Keep parts and reasons in served lists as candidates have them: reasons become words when somebody reads them.

On the way back reasons get their kind for a text: the words they had are not kept.
"""

from django.db import migrations

FORWARD = """
UPDATE served_lists SET items = coalesce((
    SELECT jsonb_agg((item - 'breakdown' - 'reasons') || jsonb_build_object(
        'breakdown', coalesce(item->'breakdown', '{}') - 'algorithms',
        'parts', coalesce((
            SELECT jsonb_agg(jsonb_build_array(a->'algorithm', a->'score', a->'weight', a->'rank') ORDER BY nth)
            FROM jsonb_array_elements(item->'breakdown'->'algorithms') WITH ORDINALITY AS p(a, nth)), '[]'),
        'reasons', coalesce((
            SELECT jsonb_agg(jsonb_strip_nulls(r - 'text' - 'feature') || CASE jsonb_typeof(r->'feature')
                WHEN 'object' THEN jsonb_build_object('feature',
                    jsonb_build_array(r->'feature'->'feature_type', r->'feature'->'feature_value'))
                ELSE '{}' END ORDER BY nth)
            FROM jsonb_array_elements(item->'reasons') WITH ORDINALITY AS q(r, nth)), '[]')) ORDER BY place)
    FROM jsonb_array_elements(items) WITH ORDINALITY AS i(item, place)), '[]')
WHERE items @? '$[*].breakdown.algorithms'
"""
BACKWARD = """
UPDATE served_lists SET items = coalesce((
    SELECT jsonb_agg((item - 'breakdown' - 'reasons' - 'parts') || jsonb_build_object(
        'breakdown', coalesce(item->'breakdown', '{}') || jsonb_build_object('algorithms', coalesce((
            SELECT jsonb_agg(jsonb_build_object(
                'algorithm', p->0, 'score', p->1, 'weight', p->2, 'rank', p->3) ORDER BY nth)
            FROM jsonb_array_elements(item->'parts') WITH ORDINALITY AS a(p, nth)), '[]')),
        'reasons', coalesce((
            SELECT jsonb_agg(r || jsonb_build_object('text', r->'kind', 'feature', CASE jsonb_typeof(r->'feature')
                WHEN 'array' THEN jsonb_build_object('feature_type', r->'feature'->0, 'feature_value', r->'feature'->1)
                END) ORDER BY nth)
            FROM jsonb_array_elements(item->'reasons') WITH ORDINALITY AS q(r, nth)), '[]')) ORDER BY place)
    FROM jsonb_array_elements(items) WITH ORDINALITY AS i(item, place)), '[]')
WHERE items @? '$[*].parts'
"""


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0013_candidates_parts")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
