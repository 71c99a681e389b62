"""The audit log: each row is bound to the one before it by a hash, under the lock of the one row that is the head.

`record` comes last in its transaction: the lock on the head is held until the commit, and everybody who has to wait
for it holds nothing that we could still ask for.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction

from agentic.actors import Actor
from agentic.audit_chain import HASHED, hash_of
from agentic.clock import database_now
from agentic.ids import new_id
from agentic.models import GENESIS, Audit, AuditHead
from agentic.vocabulary import AuditAction

SHOWN = (
    "id", "number", "action", "entity_type", "entity_id", "user_id", "details", "reason", "ip", "source", "actor_kind",
    "actor_label", "created_at", "hash",
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


def list_audits(*, limit: int, before: int, **wanted: Any) -> list[dict[str, Any]]:
    """Newest first, those with a number below `before` only; `wanted` by column, where it is not empty."""
    asked = {name: value for name, value in wanted.items() if value}
    rows = Audit.objects.filter(number__lt=before, **asked).order_by("-number").values(*SHOWN)
    return [{**row, "details": told_by(row["details"])} for row in rows[:limit]]


def told_by(details: str) -> Any:
    """The details as an object; as they are where somebody has made something else of them."""
    try:
        return msgspec.json.decode(details)
    except (msgspec.DecodeError, ValueError):
        return details
