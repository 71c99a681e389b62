"""Audit logs, and somebody who may do anything to the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import connection

from agentic.actors import Actor, ActorKind, Source
from agentic.append_only import guard, unguard
from agentic.audit_chain import HASHED, Fault, Link, first_fault, hash_of
from agentic.audits import record
from agentic.ids import new_id
from agentic.management.commands.verify_audit import end_of_chain, rows
from agentic.models import Audit
from agentic.vocabulary import AuditAction

COLUMNS = (*HASHED, "hash")
Values = dict[str, Any]
NEVER_WRITTEN = AuditAction.EXPORTED


def otherwise(name: str, old: Any) -> Any:
    """Another value for the column, of its type."""
    match name:
        case "number":
            return old + 1000
        case "id" | "actor_id":
            return new_id()
        case "user_id":
            return None if old else new_id()
        case "created_at":
            return old + timedelta(milliseconds=1)
        case "previous_hash" | "hash":
            return "e" * 64
    return {"action": NEVER_WRITTEN, "actor_kind": "agent", "source": "web"}.get(name, f"{old}.")


def write_log(length: int) -> None:
    """Audits that differ in every column, for a day on which much happened."""
    actions = [action for action in AuditAction if action != NEVER_WRITTEN]
    for number in range(length):
        kind = ActorKind.SYSTEM if number % 5 == 4 else ActorKind.USER
        record(
            actions[number % len(actions)],
            actor=Actor(kind, new_id(), f"name {number}", Source.API, f"c{number}", "", "::1"),
            entity_type="agent",
            entity_id=new_id(),
            before={"n": number},
            after={"n": number + 1, "text": "ä\n\u2028\x7f'\"\\"},
            reason=f"because {number}",
        )


def fault(*anchors: Link) -> Fault | None:
    return first_fault(rows(), end_of_chain(), anchors)


def head() -> Link:
    return end_of_chain()


@contextmanager
def above_the_guard() -> Iterator[None]:
    """As a superuser of the database: in a transaction, whose end sets everything right again."""
    if connection.vendor == "postgresql":
        execute("SET LOCAL session_replication_role = replica")
        yield
        execute("SET LOCAL session_replication_role = DEFAULT")
        return
    unguard(connection, "audits")
    try:
        yield
    finally:
        guard(connection, "audits")


def execute(sql: str, *params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def stored(name: str, value: Any) -> Any:
    field: Any = Audit._meta.get_field(name)
    return field.get_db_prep_value(value, connection)


def edit(number: int, /, **values: Any) -> None:
    sets = ", ".join(f'"{name}" = %s' for name in values)
    params = [stored(name, value) for name, value in values.items()]
    execute(f"UPDATE audits SET {sets} WHERE number = %s", *params, number)


def remove(first: int, last: int) -> None:
    execute("DELETE FROM audits WHERE number BETWEEN %s AND %s", first, last)


def renumber(number: int, new: int) -> None:
    edit(number, number=new)


def values_of(number: int) -> Values:
    return Audit.objects.filter(number=number).values(*COLUMNS).get()


def insert(values: Values) -> None:
    Audit(**values).save(force_insert=True)


def hashed(values: Values) -> Values:
    """With the hash that goes with them."""
    return {**values, "hash": hash_of(values)}


def write_anew(number: int, /, **values: Any) -> None:
    """This row otherwise, and all after it so that they fit, and the head."""
    previous = values_of(number)["previous_hash"]
    for place in Audit.objects.filter(number__gte=number).values_list("number", flat=True):
        row = hashed({**values_of(place), **values, "previous_hash": previous})
        edit(place, **row)
        previous, values = row["hash"], {}
    execute("UPDATE audit_head SET hash = %s", previous)
