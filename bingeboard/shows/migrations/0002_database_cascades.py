"""Let the database itself carry out what deleting a viewer means."""

from django.db import migrations

from bingeboard.migration_tools import cascades


class Migration(migrations.Migration):
    dependencies = [("shows", "0001_initial")]

    operations = [
        *cascades(
            [
                ("show_platforms", "show_id"),
                ("show_platforms", "platform_id"),
                ("watchlists", "user_id"),
                ("watchlists", "show_id"),
                ("show_tags", "user_id"),
                ("show_tags", "show_id"),
            ]
        ),
    ]
