"""Failed sign-ins, counted by account and by address."""

from __future__ import annotations

from uuid import UUID

from django.db import models
from django.utils.functional import cached_property

from agentic.models.people import User

ACCOUNT, ADDRESS = "account:", "address:"


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
        verbose_name = verbose_name_plural = "failed sign-ins"
        indexes = [
            # The clean-up of those that count no more.
            models.Index(fields=("expires_at",), name="failed_sign_ins_expiry"),
        ]

    def __str__(self) -> str:
        return self.person.username if self.person else self.who.partition(":")[2]

    @property
    def account_id(self) -> UUID | None:
        """None of an address, and of a name that no account has."""
        try:
            return UUID(self.who.removeprefix(ACCOUNT))
        except ValueError:
            return None

    @property
    def address(self) -> str:
        """Empty of an account."""
        return self.who.removeprefix(ADDRESS) if self.who.startswith(ADDRESS) else ""

    @cached_property
    def person(self) -> User | None:
        """Whose account it is."""
        return User.objects.filter(pk=self.account_id).first() if self.account_id else None
