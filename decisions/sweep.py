"""The sweep: everything that happens by itself because a moment has passed. Safe to run twice at once, or late.

Each step takes a bounded set of rows that nobody else holds, and says how many it found; a row that cannot be moved is
pushed ahead and reported, so that it never stands in the others' way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from agentic.actors import Actor, system
from agentic.changes import Move
from agentic.clock import Now, seconds_from_now
from agentic.fixed_query import read
from agentic.heartbeats import Heart
from agents.services import forget_offline, offline_with_tasks, silence_agents
from decisions import moves
from decisions.due import anything_due
from decisions.models import Decision, Escalation, Task
from decisions.models.task import Outcome
from decisions.retries import Next, Step, next_step, retry_or_escalate
from decisions.services.assignment import offer
from decisions.services.effects import expire_proposals, move_tasks
from decisions.services.taking_back import requeue_stopped
from decisions.states import HELD, DecisionStatus, State
from decisions.stopping import held_in, kept_waiting, on
from decisions.work import Work, load_in_turn

CHUNK = 1000
# One call of `sweep` ends after this many rows of a kind; whoever called it calls again at once.
MOST_PER_TICK = 20_000
PUSHED_AHEAD = timedelta(minutes=1)
logger = logging.getLogger(__name__)
heart = Heart("sweep")


def sweep(*, actor: Actor | None = None, helpers: Iterable[Callable[[], object]] = ()) -> int:
    """One tick. How many rows were acted on; at `MOST_PER_TICK` or more there may be work left.

    `helpers` are called, once, when a whole chunk was due: others can take the next chunks beside this process.
    """
    acted_on = act_on_what_is_due(actor or system(), iter(helpers)) if anything_due() else 0
    heart.beat()
    return acted_on


def act_on_what_is_due(actor: Actor, helpers: Iterator[Callable[[], object]]) -> int:
    steps = (take_back_stopped, move_abandoned, move_due, escalate_overdue_proposals)
    return sum(repeat(step, actor, helpers) for step in steps)


def repeat(
    step: Callable[[Actor], int], actor: Actor, helpers: Iterator[Callable[[], object]]
) -> int:
    total = 0
    while (found := step(actor)) and (total := total + found) < MOST_PER_TICK and found == CHUNK:
        for call_help in helpers:
            call_help()
    return total


def move_due(actor: Actor) -> int:
    """Tasks whose timer has run out."""
    return act_on(Task.objects.filter(due_at__lte=Now()).order_by("due_at"), act_on_due, actor)


def move_abandoned(actor: Actor) -> int:
    """Agents that went silent go offline, and what they held moves on, as does what an operator took from one."""
    silence_agents(actor=actor, limit=CHUNK)
    gone = list(offline_with_tasks().values_list("pk", flat=True)[:CHUNK])
    if not gone:
        return 0
    held = Task.objects.filter(state__in=HELD, assigned_agent__in=gone)
    found = act_on(held, act_on_abandoned, actor)
    left = set(held.values_list("assigned_agent", flat=True).distinct())
    forget_offline([agent_id for agent_id in gone if agent_id not in left])
    return found


def take_back_stopped(actor: Actor) -> int:
    """What is still held in the scope of a stop: whoever set it was not able to finish."""
    return sum(act_on(held_in(stop), partial(requeue_stopped, stop=stop), actor) for stop in on())


def act_on(due: QuerySet[Task], act: Callable[[Sequence[Work], Actor], None], actor: Actor) -> int:
    """Act on one chunk in one transaction; if a row of it is bad, on each by itself."""
    try:
        with transaction.atomic():
            works = take(due)
            act(works, actor)
        return len(works)
    except Exception:
        logger.exception("the sweep goes on row by row")
        return one_by_one(due, act, actor)


def escalate_unclaimed(*, actor: Actor | None = None) -> int:
    """Tasks that no agent took for too long: none may be able to, and nothing else would ever look at them."""
    since = seconds_from_now(-settings.TASK_QUEUE_SECONDS)
    unclaimed = Task.objects.filter(state=State.QUEUED, due_at__isnull=True, updated_at__lte=since)
    # What was stopped begins to wait when the stop is lifted.
    unclaimed = unclaimed.filter(~kept_waiting(settings.TASK_QUEUE_SECONDS))
    return act_on(unclaimed, act_on_unclaimed, actor or system())


def act_on_unclaimed(works: Sequence[Work], actor: Actor) -> None:
    reason = f"no agent took it for {settings.TASK_QUEUE_SECONDS} seconds"
    carry_out([moves.escalate(work, reason, work.now) for work in works], works, actor)


def take(due: QuerySet[Task]) -> list[Work]:
    """Rows that nobody else holds, locked; read afterwards, for the reason that `work.lock_rows` gives."""
    free = due.select_for_update(skip_locked=True, no_key=True).values_list("pk")
    return load_in_turn([row[0] for row in read(free[:CHUNK])])


def one_by_one(
    due: QuerySet[Task], act: Callable[[Sequence[Work], Actor], None], actor: Actor
) -> int:
    ids = list(due.values_list("pk", flat=True)[:CHUNK])
    for task_id in ids:
        try:
            with transaction.atomic():
                act(take(due.filter(pk=task_id)), actor)
        except Exception:
            logger.exception("task %s cannot be moved: it is looked at again in a minute", task_id)
            still_due = Task.objects.filter(pk=task_id, due_at__lte=Now())
            still_due.update(due_at=Now() + PUSHED_AHEAD, stuck_version=F("version"))
    return len(ids)


def act_on_due(works: Sequence[Work], actor: Actor) -> None:
    steps = [(work, next_step(work, work.now)) for work in works]
    moved = [(w, s) for w, s in steps if s.kind in {Next.RETRY, Next.ESCALATE}]
    carry_out([moves.from_step(work, step, work.now) for work, step in moved], works, actor)
    offer_due([work for work, step in steps if step.kind == Next.OFFER], actor)
    raise_due([(work, step) for work, step in steps if step.kind == Next.RAISE], works, actor)


def carry_out(asked: list[Move], works: Sequence[Work], actor: Actor) -> None:
    if asked:
        move_tasks(asked, {work.id: work for work in works}, actor=actor)


def offer_due(works: list[Work], actor: Actor) -> None:
    """Queued tasks whose time has come: to an agent that is free, else they wait to be claimed."""
    if not works:
        return
    taken = offer(works, actor=actor)
    left = [work.id for work in works if work.id not in taken]
    Task.objects.filter(pk__in=left, state=State.QUEUED).update(due_at=None, waits_for="")


def raise_due(due: list[tuple[Work, Step]], works: Sequence[Work], actor: Actor) -> None:
    if not due:
        return
    ids = [work.id for work, _ in due]
    open_ones = Escalation.objects.filter(task__in=ids, resolved_at__isnull=True)
    known = {row[0]: row[1:] for row in open_ones.values_list("task_id", "id", "level")}
    asked = [
        moves.raise_level(work, known[work.id][0], known[work.id][1] + 1, step.reason, work.now)
        for work, step in due
    ]
    carry_out(asked, works, actor)


def act_on_abandoned(works: Sequence[Work], actor: Actor) -> None:
    asked = []
    for work in works:
        step = retry_or_escalate(work, Outcome.AGENT_OFFLINE, "the agent went offline")
        move = moves.from_step(work, step, work.now)
        move.only_if_due = False
        asked.append(move)
    carry_out(asked, works, actor)


def escalate_overdue_proposals(actor: Actor) -> int:
    """Proposals that nobody decided in time, of agents that still wait or are suspended: to a person, as a whole."""
    overdue = overdue_proposals().order_by("due_at")
    ids: list[UUID] = list(overdue.values_list("task_id", flat=True)[:CHUNK])
    return act_on(Task.objects.filter(pk__in=ids), act_on_unreviewed, actor) if ids else 0


def overdue_proposals() -> QuerySet[Decision]:
    return Decision.objects.filter(status=DecisionStatus.PENDING, due_at__lte=Now())


def act_on_unreviewed(works: Sequence[Work], actor: Actor) -> None:
    reason = "nobody reviewed the proposal in time"
    # Asked again, now that nobody else can decide: the verdict may have come meanwhile.
    overdue = overdue_proposals().filter(task__in=[work.id for work in works])
    left = set(overdue.values_list("task_id", flat=True))
    finished = [work.id for work in works if work.id in left and work.state == State.COMPLETED]
    expire_proposals(finished, actor=actor)
    waiting = [work for work in works if work.id in left and work.id not in finished]
    carry_out([moves.escalate(work, reason, work.now) for work in waiting], works, actor)
