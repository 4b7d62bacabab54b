"""
PostgreSQL, Valkey and the processes of one machine, for demos, development and tests.

Nothing but manage.py, management commands and tests imports this package: DATABASE_URL and REDIS_URL point elsewhere in
production, and nothing else changes. No module here needs Django to be set up, except the commands.
"""
