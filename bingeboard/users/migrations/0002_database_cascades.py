"""Let the database itself carry out what deleting a viewer means."""

from django.db import migrations

from bingeboard.migration_tools import cascades


class Migration(migrations.Migration):
    dependencies = [("users", "0001_initial")]

    operations = [
        *cascades(
            [
                ("api_tokens", "user_id"),
            ]
        ),
    ]
