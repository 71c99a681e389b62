"""Answers that are kept, so that a repeated request gets the same one."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from agentic.ids import new_id


class KeptAnswer(models.Model):
    """What a POST with an `Idempotency-Key` was answered, written in the transaction of its effect."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    caller = models.CharField(max_length=80)
    key = models.CharField(max_length=255)
    request_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    content_type = models.CharField(max_length=100)
    # Encrypted: an answer may hold a secret that nothing else keeps.
    body = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "kept_answers"
        constraints = [
            models.UniqueConstraint(fields=("caller", "key"), name="kept_answers_one_per_key"),
        ]
        indexes = [
            # The clean-up of those that have expired.
            models.Index(fields=("expires_at",), name="kept_answers_expiry"),
        ]

    def __str__(self) -> str:
        return self.key
