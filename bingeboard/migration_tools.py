"""What migrations of several apps share: foreign keys whose rule stands in the database, not in Python alone."""

from collections.abc import Sequence

from django.db.migrations.operations.special import RunSQL

_REPLACE = """
DO $$
DECLARE
    found name;
    target regclass;
    target_column name;
BEGIN
    SELECT c.conname, c.confrelid::regclass, r.attname INTO STRICT found, target, target_column
    FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    JOIN pg_attribute r ON r.attrelid = c.confrelid AND r.attnum = c.confkey[1]
    WHERE c.contype = 'f' AND c.conrelid = '{table}'::regclass AND a.attname = '{column}';
    EXECUTE format('ALTER TABLE {table} DROP CONSTRAINT %I', found);
    EXECUTE format(
        'ALTER TABLE {table} ADD CONSTRAINT %I FOREIGN KEY ({column}) REFERENCES %s (%I) {rule}'
        ' DEFERRABLE INITIALLY DEFERRED', found, target, target_column);
END $$;
"""


def on_delete(table: str, column: str, action: str) -> RunSQL:
    """Return the reversible operation that lets the database itself CASCADE or SET NULL."""
    return RunSQL(
        sql=_REPLACE.format(table=table, column=column, rule=f"ON DELETE {action}"),
        reverse_sql=_REPLACE.format(table=table, column=column, rule=""),
    )


def cascades(columns: Sequence[tuple[str, str]]) -> list[RunSQL]:
    """Return one ON DELETE CASCADE for each (table, column)."""
    return [on_delete(table, column, "CASCADE") for table, column in columns]
