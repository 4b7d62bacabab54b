"""Have the room of replaced candidates used again early: all of a viewer's are replaced at every refresh."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0011_schedule_of_the_blend")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE recommendation_candidates SET (autovacuum_vacuum_scale_factor = 0.05,"
            " autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0)",
            "ALTER TABLE recommendation_candidates RESET (autovacuum_vacuum_scale_factor,"
            " autovacuum_vacuum_insert_scale_factor, autovacuum_vacuum_cost_delay)",
        ),
        # What waits to be sorted into the index takes room of its own, 4 MB by default.
        migrations.RunSQL(
            "ALTER INDEX idx_rec_candidates_explanation_gin SET (gin_pending_list_limit = 256)",
            "ALTER INDEX idx_rec_candidates_explanation_gin RESET (gin_pending_list_limit)",
        ),
    ]
