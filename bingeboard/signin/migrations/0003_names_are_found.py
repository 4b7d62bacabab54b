"""Indexes by which whoever signs in is found, by name in any letters or by address, among a million others."""

from django.db import migrations


class Migration(migrations.Migration):
    # Made beside whoever reads and writes: nobody waits for it.
    atomic = False
    dependencies = [("signin", "0002_database_cascades"), ("users", "0002_database_cascades")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_users_username_upper ON users (upper(username))",
            "DROP INDEX CONCURRENTLY IF EXISTS idx_users_username_upper",
        ),
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_users_email ON users (email) WHERE email <> ''",
            "DROP INDEX CONCURRENTLY IF EXISTS idx_users_email",
        ),
    ]
