"""Let the database itself carry out what deleting a viewer means, and put away the sessions of before."""

from django.db import migrations

from bingeboard.migration_tools import cascades


class Migration(migrations.Migration):
    dependencies = [("signin", "0001_initial"), ("account", "0009_emailaddress_unique_primary_email")]

    operations = [
        *cascades([("sessions", "user_id"), ("account_emailaddress", "user_id")]),
        # They named their users in plain text; everybody signs in once more.
        migrations.RunSQL("DROP TABLE IF EXISTS django_session", migrations.RunSQL.noop),
    ]
