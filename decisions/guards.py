"""Triggers that hold the tables of legal moves in the database too, and a published policy as it was published.

Their conditions stand in WHEN, so a legal change pays for a comparison and no more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from decisions.states import DECISION_LEGAL, WRITABLE_PAIRS

POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_illegal_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: no such move', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
"""
POSTGRES_TRIGGER = """
CREATE TRIGGER {table}_legal_moves BEFORE UPDATE OF {column} ON {table} FOR EACH ROW
    WHEN (OLD.{column} <> NEW.{column} AND (OLD.{column} || '>' || NEW.{column}) NOT IN ({pairs}))
    EXECUTE FUNCTION refuse_illegal_move();
"""
SQLITE_TRIGGER = """
CREATE TRIGGER IF NOT EXISTS {table}_legal_moves BEFORE UPDATE OF {column} ON {table} FOR EACH ROW
    WHEN OLD.{column} <> NEW.{column} AND (OLD.{column} || '>' || NEW.{column}) NOT IN ({pairs})
BEGIN SELECT RAISE(ABORT, '{table}: no such move'); END;
"""
POSTGRES_POLICY_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: published versions are not edited', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""
POLICY_TRIGGER = """
CREATE TRIGGER review_policies_published BEFORE UPDATE ON review_policies FOR EACH ROW WHEN ({edited})
"""
POSTGRES_POLICY_ANSWER = "EXECUTE FUNCTION refuse_edit();"
SQLITE_POLICY_ANSWER = (
    "BEGIN SELECT RAISE(ABORT, 'review_policies: published versions are not edited'); END;"
)
# All of a version but whether it is the active one; at first a policy knew no budget, then no model of the risk.
PUBLISHED_AT_FIRST = (
    "id", "version", "threshold", "task_types", "priorities", "sample_share", "review_seconds", "note", "created_by_id",
    "created_at",
)  # fmt: skip
PUBLISHED_WITH_A_BUDGET = (
    *PUBLISHED_AT_FIRST, "budget", "budget_value", "risk_threshold", "approved_by_id",
)  # fmt: skip
PUBLISHED = (*PUBLISHED_WITH_A_BUDGET, "risk_model_version")
DECISION_PAIRS = [(old, new) for old, news in DECISION_LEGAL.items() for new in news]
GUARDED = (("tasks", "state", WRITABLE_PAIRS), ("decisions", "status", DECISION_PAIRS))


def install(schema_editor: Any) -> None:
    on_postgres = schema_editor.connection.vendor == "postgresql"
    if on_postgres:
        schema_editor.execute(POSTGRES_FUNCTION, params=None)
    for table, column, pairs in GUARDED:
        template = POSTGRES_TRIGGER if on_postgres else SQLITE_TRIGGER
        schema_editor.execute(
            template.format(table=table, column=column, pairs=quoted(pairs)), params=None
        )


def install_again(schema_editor: Any) -> None:
    """To change a table SQLite makes it anew, and forgets its triggers: for migrations that do so."""
    if schema_editor.connection.vendor == "sqlite":
        install(schema_editor)


def remove(schema_editor: Any) -> None:
    for table, _, _ in GUARDED:
        on = f" ON {table}" if schema_editor.connection.vendor == "postgresql" else ""
        schema_editor.execute(f"DROP TRIGGER {table}_legal_moves{on}", params=None)


def protect_policies(schema_editor: Any, columns: Iterable[str] = PUBLISHED) -> None:
    """From now on a version of the review policy can be made active or not, and nothing else of it changes."""
    on_postgres = schema_editor.connection.vendor == "postgresql"
    changed = "IS DISTINCT FROM" if on_postgres else "IS NOT"
    edited = " OR ".join(f"OLD.{column} {changed} NEW.{column}" for column in columns)
    template = POLICY_TRIGGER + (POSTGRES_POLICY_ANSWER if on_postgres else SQLITE_POLICY_ANSWER)
    if on_postgres:
        schema_editor.execute(POSTGRES_POLICY_FUNCTION, params=None)
    schema_editor.execute(template.format(edited=edited), params=None)


def unprotect_policies(schema_editor: Any) -> None:
    on = " ON review_policies" if schema_editor.connection.vendor == "postgresql" else ""
    schema_editor.execute(f"DROP TRIGGER IF EXISTS review_policies_published{on}", params=None)


def quoted(pairs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(sorted(f"'{old}>{new}'" for old, new in pairs))
