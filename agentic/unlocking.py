"""An operator lets somebody try again who was locked out."""

from __future__ import annotations

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from agentic.actors import Actor
from agentic.audits import record
from agentic.clock import Now
from agentic.errors import Invalid
from agentic.models import FailedSignIns
from agentic.models.failures import ACCOUNT, ADDRESS
from agentic.vocabulary import AuditAction


def locked_now() -> Q:
    """What `lock_outs` refuses at this moment."""
    accounts = Q(who__startswith=ACCOUNT, failures__gte=settings.SIGN_IN_FAILURES_PER_ACCOUNT)
    addresses = Q(who__startswith=ADDRESS, failures__gte=settings.SIGN_IN_FAILURES_PER_ADDRESS)
    return Q(accounts | addresses, expires_at__gt=Now())


@transaction.atomic
def unlock(*, actor: Actor, who: str, reason: str) -> None:
    """What failed is forgotten: the right password opens again. Invalid when nothing is locked there."""
    rows = FailedSignIns.objects.filter(locked_now(), pk=who)
    if connection.features.has_select_for_update:
        rows = rows.select_for_update()
    row = rows.first()
    if row is None:
        raise Invalid(who="It is not locked, or not any more.")
    before, row.failures = row.failures, 0
    row.save(update_fields=["failures"])
    record(
        AuditAction.SIGN_IN_UNLOCKED,
        actor=actor,
        entity_type="address" if row.address else "user",
        entity_id=row.address or row.account_id or "",
        before={"locked": True, "failures": before},
        after={"locked": False, "failures": 0},
        reason=reason,
    )
