"""The audit log: rows that hang together by their hashes."""

from __future__ import annotations

from typing import Any

import msgspec
from django.db import models

from agentic.actors import ActorKind, Source
from agentic.ids import new_id
from agentic.models.append_only import AppendOnlyModel
from agentic.vocabulary import AuditAction

GENESIS = "0" * 64


class Audit(AppendOnlyModel):
    """One administrative act, sign-in or refusal. `hash` covers every other column, `previous_hash` among them."""

    number = models.BigIntegerField(primary_key=True, help_text="Counts without a gap.")
    id = models.UUIDField(default=new_id, editable=False)
    action = models.CharField(max_length=40, choices=AuditAction.choices)
    entity_type = models.CharField(max_length=30, blank=True)
    entity_id = models.CharField(max_length=64, blank=True)
    actor_kind = models.CharField(max_length=10, choices=ActorKind.choices)
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=200)
    user_id = models.UUIDField(null=True)
    # JSON as it was written, to the letter: a type that normalises it would change what the hash covers.
    details = models.TextField(default="{}")
    reason = models.TextField(blank=True)
    ip = models.CharField(max_length=45, blank=True)
    source = models.CharField(max_length=10, choices=Source.choices)
    correlation_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        db_table = "audits"
        ordering = ("number",)
        constraints = [
            models.CheckConstraint(
                condition=models.Q(action__in=AuditAction.values), name="audits_closed_vocabulary"
            ),
        ]
        indexes = [
            # GET /admin/audits?entity_type= and ?user_id=, newest first; the admin site by time.
            models.Index(fields=("entity_type", "number"), name="audits_by_type"),
            models.Index(fields=("user_id", "number"), name="audits_by_user"),
            models.Index(fields=("created_at",), name="audits_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.action}"

    @property
    def told(self) -> dict[str, Any]:
        """The details as an object."""
        told: dict[str, Any] = msgspec.json.decode(self.details)
        return told


class AuditHead(models.Model):
    """The end of the chain. Whoever appends holds the lock on this one row; a log that was cut off disagrees."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        db_table = "audit_head"
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="audit_head_one_row"),
        ]

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"
