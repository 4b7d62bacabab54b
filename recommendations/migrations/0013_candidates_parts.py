"""
Keep what each algorithm thought beside the explanation, whose index holds every number in it.

What is stored already stays as it is and is not served: lists are made in the request until it has been replaced.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0012_candidates_keep_their_size")]

    operations = [
        migrations.AddField(
            model_name="recommendationcandidate",
            name="parts",
            field=models.JSONField(
                null=True, blank=True, help_text="Of the blend: [algorithm, its score, its share, its rank] for each"
            ),
        ),
        migrations.AlterField(
            model_name="recommendationcandidate",
            name="explanation",
            field=models.JSONField(null=True, blank=True, help_text="Reasons, and what was taken off and why"),
        ),
        # Sorting in a quarter of a megabyte at a time took longer than writing the rows.
        migrations.RunSQL(
            "ALTER INDEX idx_rec_candidates_explanation_gin SET (gin_pending_list_limit = 1024)",
            "ALTER INDEX idx_rec_candidates_explanation_gin SET (gin_pending_list_limit = 256)",
        ),
    ]
