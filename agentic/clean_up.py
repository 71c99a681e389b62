"""What has expired is deleted, a bounded number of rows at a time. Nothing rests on it: an expired row is refused."""

from __future__ import annotations

from django.db import connection, models, transaction

from agentic.clock import Now
from agentic.models import FailedSignIns, KeptAnswer, OidcRequest, RefreshToken, SignIn

# Each has an `expires_at`. Refresh tokens go before the sign-ins that they belong to.
EXPIRING: tuple[type[models.Model], ...] = (
    RefreshToken,
    SignIn,
    OidcRequest,
    KeptAnswer,
    FailedSignIns,
)
BATCH = 1000
MOST_BATCHES = 20  # of one table, in one run


def clean_up() -> int:
    """Delete what has expired. How many rows went; there may be more when it is `MOST_BATCHES * BATCH` or above."""
    return sum(clean_table(model) for model in EXPIRING)


def clean_table(model: type[models.Model]) -> int:
    gone = 0
    for _ in range(MOST_BATCHES):
        batch = clean_batch(model)
        gone += batch
        if batch < BATCH:
            break
    return gone


@transaction.atomic
def clean_batch(model: type[models.Model]) -> int:
    """One short transaction. A row that somebody holds is left for the next time: nobody waits for anybody."""
    expired = model._default_manager.filter(expires_at__lt=Now())
    if connection.features.has_select_for_update_skip_locked:
        expired = expired.select_for_update(skip_locked=True)
    ids = list(expired.values_list("pk", flat=True)[:BATCH])
    model._default_manager.filter(pk__in=ids).delete()
    return len(ids)
