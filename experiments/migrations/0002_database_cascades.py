"""Let the database itself carry out what deleting a viewer means."""

from django.db import migrations

from bingeboard.migration_tools import cascades


class Migration(migrations.Migration):
    dependencies = [("experiments", "0001_initial")]

    operations = [
        *cascades(
            [
                ("recommendation_experiments", "user_id"),
                ("experiment_variants", "experiment_id"),
            ]
        ),
    ]
