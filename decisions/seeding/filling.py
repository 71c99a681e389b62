"""The way of all synthetic rows into the database: in one transaction, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import connection, models, transaction

from agentic.audits import record
from agentic.vocabulary import AuditAction
from agents.models import Agent
from decisions.models import Attempt, Decision, Escalation, Feedback, Review, Task
from decisions.seeding.cast import AT_THE_KEYBOARD, gather, tell_newcomers
from decisions.seeding.chance import Chance
from decisions.seeding.ledger import Ledger
from decisions.seeding.stories import tell
from decisions.seeding.writers import write_events, write_rows

# Each refers to those before it alone.
TABLES: tuple[type[models.Model], ...] = (
    Agent, Task, Attempt, Decision, Review, Escalation, Feedback,
)  # fmt: skip
CHUNK = 5_000  # tasks


def fill(*, tasks: int, seed: int, now: datetime, progress: Callable[[int], None]) -> None:
    """`progress` hears how many tasks were written, again and again."""
    chance = Chance(seed, now)
    ledger = Ledger(chance)
    with transaction.atomic():
        check_as_we_go()
        # With a chance of its own: what follows is the same, whoever was there already.
        cast = gather(Chance(seed, now), ledger)
        lives = 0
        for lives, life in enumerate(tell(tasks, chance, cast, ledger), 1):
            if lives % CHUNK == 0:
                # Whatever is told from now on begins later than this.
                write(ledger, until=life.row["created_at"])
                progress(CHUNK)
        write(ledger, until=datetime.max.replace(tzinfo=now.tzinfo))
        progress(lives % CHUNK)
        # Last, as the end of the audit log is locked until the commit.
        reason = f"manage.py seed: {tasks:,} synthetic tasks, seed {seed}"
        tell_newcomers(cast, reason)
        record(AuditAction.SEEDED, actor=AT_THE_KEYBOARD, reason=reason, tasks=tasks, seed=seed)


def check_as_we_go() -> None:
    """References are looked at with each chunk: at the commit there would be many millions to be kept until then."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def write(ledger: Ledger, *, until: datetime) -> None:
    rows = ledger.take_rows()
    for model in TABLES:
        write_rows(model, rows.get(model, ()))
    write_events(ledger.take_said(until))


def tell_planner() -> None:
    """What the tables hold by now: plans that were made for empty ones are slow."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
