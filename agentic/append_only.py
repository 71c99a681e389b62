"""Triggers that refuse to change what was written, on both databases, and the order of `events`."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

# Both databases answer with an integrity violation, so that Django raises IntegrityError on each.
POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Tests empty their database between cases; no other database may be emptied.
    IF TG_OP = 'TRUNCATE' AND current_database() LIKE 'test\\_%' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""
POSTGRES_TRIGGERS = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
SQLITE_TRIGGER = """
CREATE TRIGGER IF NOT EXISTS {table}_no_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only: {verb} refused'); END;
"""
SQLITE_VERBS = ("UPDATE", "DELETE")


def guard(connection: BaseDatabaseWrapper, table: str) -> None:
    """From now on, rows of `table` can only be added."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRES_FUNCTION)
            cursor.execute(POSTGRES_TRIGGERS.format(table=table))
            return
        for verb in SQLITE_VERBS:
            cursor.execute(SQLITE_TRIGGER.format(table=table, verb=verb))


def unguard(connection: BaseDatabaseWrapper, table: str) -> None:
    """Take the guard away: for reversing the migration, and for tests that empty an SQLite database."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"DROP TRIGGER {table}_append_only ON {table}")
            cursor.execute(f"DROP TRIGGER {table}_no_truncate ON {table}")
            return
        for verb in SQLITE_VERBS:
            cursor.execute(f"DROP TRIGGER {table}_no_{verb}")


def guard_again(schema_editor: Any, table: str) -> None:
    """To change a table SQLite makes it anew, and forgets its triggers: for migrations that do so."""
    if schema_editor.connection.vendor == "sqlite":
        guard(schema_editor.connection, table)
