"""What has expired is deleted, a bounded number of rows at a time. Nothing rests on it: an expired row is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
BESIDE: list[Callable[[], int]] = []


def add_clean_up(tidy: Callable[[], int]) -> None:
    """Call `tidy` too, whenever there is cleaning up. It is bounded, and answers how much it deleted."""
    BESIDE.append(tidy)


def clean_up() -> int:
    """Delete what has expired. How much went; there may be more when it is `MOST_BATCHES * BATCH` or above."""
    tables = EXPIRING.items()
    rows = sum(
        delete_some(model._default_manager.filter(**{f"{end}__lt": Now()})) for model, end in tables
    )
    return rows + sum(tidy() for tidy in BESIDE)


def delete_some(rows: models.QuerySet[Any]) -> int:
    """Up to `MOST_BATCHES * BATCH` of them; how many went."""
    gone = 0
    for _ in range(MOST_BATCHES):
        batch = delete_batch(rows)
        gone += batch
        if batch < BATCH:
            break
    return gone


@transaction.atomic
def delete_batch(rows: models.QuerySet[Any]) -> int:
    """One short transaction. A row that somebody holds is left for the next time: nobody waits for anybody."""
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True)
    ids = list(rows.values_list("pk", flat=True)[:BATCH])
    rows.model._default_manager.filter(pk__in=ids).delete()
    return len(ids)
