"""Let the database itself carry out what deleting a viewer means, for what 0005 brought."""

from django.db import migrations

from bingeboard.migration_tools import cascades


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0005_taste_choices_and_checkpoints")]

    operations = cascades([("taste_exclusions", "user_id"), ("viewer_checkpoints", "user_id")])
