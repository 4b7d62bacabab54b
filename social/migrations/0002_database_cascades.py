"""Let the database itself carry out what deleting a viewer means."""

from django.db import migrations

from bingeboard.migration_tools import cascades


class Migration(migrations.Migration):
    dependencies = [("social", "0001_initial")]

    operations = [
        *cascades(
            [
                ("friendships", "user_id"),
                ("friendships", "friend_id"),
                ("social_signals", "user_id"),
                ("social_signals", "friend_id"),
            ]
        ),
    ]
