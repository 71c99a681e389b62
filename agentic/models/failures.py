"""Failed sign-ins, counted by account and by address."""

from __future__ import annotations

from django.db import models


class FailedSignIns(models.Model):
    """What failed for one account, or from one address, and still counts.

    `checking` counts those whose password is being looked at: however many guess at once, no more of them get an
    answer than may fail.
    """

    who = models.CharField(max_length=80, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    checking = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(help_text="The count is forgotten then, and the lock too.")

    class Meta:
        db_table = "failed_sign_ins"
        verbose_name_plural = "failed sign-ins"
        indexes = [
            # The clean-up of those that count no more.
            models.Index(fields=("expires_at",), name="failed_sign_ins_expiry"),
        ]

    def __str__(self) -> str:
        return self.who
