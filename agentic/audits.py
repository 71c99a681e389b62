"""The audit log: each row is bound to the one before it by a hash, under the lock of the one row that is the head.

`record` comes last in its transaction: the lock on the head is held until the commit, and everybody who has to wait
for it holds nothing that we could still ask for.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction

from agentic.actors import Actor
from agentic.clock import database_now
from agentic.ids import new_id
from agentic.models import GENESIS, Audit, AuditHead
from agentic.vocabulary import AuditAction

# In this order they are hashed; what is not among them is the hash itself.
HASHED = (
    "number", "id", "action", "entity_type", "entity_id", "actor_kind", "actor_id", "actor_label", "user_id", "details",
    "reason", "ip", "source", "correlation_id", "created_at", "previous_hash",
)  # fmt: skip


@transaction.atomic
def record(
    action: AuditAction,
    *,
    actor: Actor,
    entity_type: str = "",
    entity_id: UUID | str = "",
    before: Any = None,
    after: Any = None,
    reason: str = "",
    **details: Any,
) -> Audit:
    """Add a row. `before` and `after` hold what changed, by name; never a secret."""
    told = {**({"before": before, "after": after} if before or after else {}), **details}
    head = locked_head()
    row = Audit(
        number=head.number + 1,
        id=new_id(),
        action=action.value,
        entity_type=entity_type,
        entity_id=str(entity_id),
        actor_kind=str(actor.kind),
        actor_id=actor.id,
        actor_label=actor.label,
        user_id=actor.user_id,
        details=msgspec.json.encode(told, order="sorted").decode(),
        reason=reason,
        ip=actor.ip,
        source=str(actor.source),
        correlation_id=actor.correlation_id,
        created_at=database_now(),
        previous_hash=head.hash,
    )
    row.hash = hash_of({name: getattr(row, name) for name in HASHED})
    row.save(force_insert=True)
    AuditHead.objects.filter(pk=1).update(number=row.number, hash=row.hash)
    return row


def locked_head() -> AuditHead:
    """The end of the chain; nobody else appends until the transaction ends."""
    heads = AuditHead.objects.all()
    if connection.features.has_select_for_update:
        heads = heads.select_for_update()
    found = heads.filter(pk=1).first()
    if found is None:
        # Tests with real transactions empty the table; the migration makes the row everywhere else.
        AuditHead.objects.bulk_create(
            [AuditHead(id=1, number=0, hash=GENESIS)], ignore_conflicts=True
        )
        return locked_head()
    return found


def hash_of(values: dict[str, Any]) -> str:
    """SHA-256 over all of a row's columns but the hash, in hexadecimal digits."""
    said = [plain(values[name]) for name in HASHED]
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()


def plain(value: Any) -> Any:
    """The same text on both databases, in whatever zone they answer."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
