"""What has expired is deleted, a bounded number of rows at a time. Nothing rests on it: an expired row is refused."""

from __future__ import annotations

from django.contrib.sessions.models import Session
from django.db import connection, models, transaction

from agentic.clock import Now
from agentic.models import FailedSignIns, KeptAnswer, OidcRequest, RefreshToken, SignIn

# And the column with each row's end. Refresh tokens go before the sign-ins that they belong to.
EXPIRING: dict[type[models.Model], str] = {
    RefreshToken: "expires_at",
    SignIn: "expires_at",
    OidcRequest: "expires_at",
    KeptAnswer: "expires_at",
    FailedSignIns: "expires_at",
    Session: "expire_date",
}
BATCH = 1000
MOST_BATCHES = 20  # of one table, in one run


def clean_up() -> int:
    """Delete what has expired. How many rows went; there may be more when it is `MOST_BATCHES * BATCH` or above."""
    return sum(clean_table(model, end) for model, end in EXPIRING.items())


def clean_table(model: type[models.Model], end: str) -> int:
    gone = 0
    for _ in range(MOST_BATCHES):
        batch = clean_batch(model, end)
        gone += batch
        if batch < BATCH:
            break
    return gone


@transaction.atomic
def clean_batch(model: type[models.Model], end: str) -> int:
    """One short transaction. A row that somebody holds is left for the next time: nobody waits for anybody."""
    expired = model._default_manager.filter(**{f"{end}__lt": Now()})
    if connection.features.has_select_for_update_skip_locked:
        expired = expired.select_for_update(skip_locked=True)
    ids = list(expired.values_list("pk", flat=True)[:BATCH])
    model._default_manager.filter(pk__in=ids).delete()
    return len(ids)
