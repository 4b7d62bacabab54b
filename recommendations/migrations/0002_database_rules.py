"""Let the database itself carry out what deleting a viewer means."""

from django.db import migrations

from bingeboard.migration_tools import cascades, on_delete


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0001_initial")]

    operations = [
        *cascades(
            [
                ("user_behavior_events", "user_id"),
                ("user_context", "user_id"),
                ("user_taste_profiles", "user_id"),
                ("user_clusters", "user_id"),
                ("platform_user_preferences", "user_id"),
                ("recommendation_candidates", "user_id"),
                ("served_lists", "user_id"),
                ("recommendation_feedback", "user_id"),
                ("viewer_states", "user_id"),
            ]
        ),
        on_delete("recommendation_feedback", "recommendation_id", "SET NULL"),
        # An HNSW index needs no training data, so an empty table is a fair start; after a big load
        # `manage.py build_vector_index` makes it anew, several times faster than keeping it up row by row.
        migrations.RunSQL(
            sql="CREATE INDEX idx_content_embeddings_vector ON content_embeddings"
            " USING hnsw (embedding vector_cosine_ops)",
            reverse_sql="DROP INDEX IF EXISTS idx_content_embeddings_vector",
        ),
    ]
