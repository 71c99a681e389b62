"""What agents hold in the scope of a stop goes back to the queue, a set at a time.

They are fenced off by then: their leases are void from the commit of the stop (`decisions.stopping`). Whoever assigns
a task holds its agent's row from before the look at the stops until the commit. So once the stop is committed, and
each of these rows was ours for a moment, nobody assigns in its scope any more: what is held by then is all that there
is to take back. If this process dies in between, the sweep finishes its work.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists

from agentic.actors import Actor
from agentic.changes import Move
from agentic.vocabulary import EventType
from decisions import moves
from decisions.models import Stop, StopScope, Task
from decisions.models.task import Outcome
from decisions.services.assignment import locking
from decisions.services.effects import move_tasks
from decisions.states import HELD
from decisions.stopping import agents_of, held_in, on
from decisions.work import Work, rows

CHUNK = 1000  # tasks that one transaction takes back
FEW = 100  # and one before whose commit nobody sees the stop
logger = logging.getLogger(__name__)


def lock_agents_of(stop: Stop) -> list[UUID]:
    return [row[0] for row in locking(agents_of(stop))]


def take_back(stop: Stop, *, actor: Actor) -> int:
    """What agents hold in the scope goes back to the queue. How many tasks were moved.

    In a transaction of the caller's a few of them are, and the sweep takes the rest: the commit must not wait.
    """
    take = partial(take_chunk, stop, actor)
    try:
        if connection.in_atomic_block:
            # We hold agents, which others wait for who hold tasks: those are left to the sweep.
            return take(skip_locked=True, limit=FEW)
        with transaction.atomic():
            lock_agents_of(stop)  # whoever was in the middle of an assignment has committed now
        return until_none(partial(take, skip_locked=True)) + until_none(take)
    except Exception:
        logger.exception("the stop is on; the sweep takes back what is still held")
        return 0


def take_back_rest(stop: Stop, *, actor: Actor) -> None:
    """Before a stop is lifted: who was refused under it must not hold the task again, unaware.

    Whoever holds such a task is waited for: we hold no agent yet.
    """
    try:
        until_none(partial(take_chunk, stop, actor))
    except Exception:
        logger.exception("the stop is lifted; the leases that were not taken back count again")


def until_none(take: Callable[[], int]) -> int:
    total = 0
    while found := take():
        total += found
    return total


@transaction.atomic
def take_chunk(stop: Stop, actor: Actor, *, skip_locked: bool = False, limit: int = CHUNK) -> int:
    still_on = Exists(on().filter(pk=stop.pk))
    held = held_in(stop).filter(still_on).order_by("depth", "pk")
    locked = held.select_for_update(skip_locked=skip_locked, no_key=True)
    ids = list(locked.values_list("pk", flat=True)[:limit])
    if not ids:
        return 0
    works = rows(Task.objects.filter(pk__in=ids))
    requeue_stopped(works, actor, stop=stop)
    return len(ids)


def requeue_stopped(works: Sequence[Work], actor: Actor, *, stop: Stop) -> None:
    """These tasks, which the caller has locked, leave their agents, and no retry is used up."""
    asked = [requeued(work, stop) for work in works if work.state in HELD]
    if asked:
        move_tasks(asked, {work.id: work for work in works}, actor=actor)


def requeued(work: Work, stop: Stop) -> Move:
    told = {"reason": stop.reason, "stop_id": stop.pk, "scope": stop.scope}
    # Other agents may have what one leaves behind; what is stopped for all waits until somebody claims it.
    due_at = work.now if stop.scope == StopScope.AGENT else None
    return moves.requeue(
        work,
        EventType.TASK_REQUEUED,
        {**told, **moves.attempt_data(work)},
        work.now,
        due_at=due_at,
        ended={"outcome": Outcome.STOPPED},
    )
