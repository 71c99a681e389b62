"""Gives tasks to agents: pushed to one that is free, or pulled by one that asks. Capacity is never exceeded.

Every assignment happens under a lock on the agent's row, after which its load is counted anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from msgspec.structs import replace

from agentic.actors import Actor
from agentic.changes import Move
from agentic.clock import Now
from agentic.fixed_query import ASKED_ID, FixedQuery
from agentic.transitions import move_many
from agents.models import Agent, AgentStatus
from agents.strategies import LEARNED, Candidate, Choice, Wanted, choose
from agents.thompson import NO_RECORDS
from decisions import moves, outcomes, stopping
from decisions.models import TASKS, Attempt, Task
from decisions.models.task import Outcome
from decisions.states import HELD
from decisions.work import Work

# An agent that ended its attempt so is asked again only if nobody else fits.
LET_DOWN = frozenset(
    {Outcome.ACK_MISSED, Outcome.LEASE_LOST, Outcome.AGENT_OFFLINE, Outcome.FAILED}
)


def offer(works: Sequence[Work], *, actor: Actor) -> set[UUID]:
    """Assign each of these queued tasks to an agent that is free and fits; the ids of those that found one.

    Runs in the caller's transaction, in which the tasks are new or locked.
    """
    seen = {candidate.agent_id: candidate for candidate in read_candidates()}
    first = choose_for(works, seen.values())
    if not first:
        return set()
    agents = sorted({choice.agent_id for choice in first.values()})
    lock_agents(agents)
    held = read_candidates(agents)
    # Mostly nothing has happened to them before the lock: then the choice stands.
    same = len(held) == len(agents) and all(seen[one.agent_id] == one for one in held)
    sure = first if same else chosen_again(works, first, held)
    asked = [moves.assign(work, sure[work.id], work.now) for work in works if work.id in sure]
    return assigned(asked, actor)


def assigned(asked: list[Move], actor: Actor) -> set[UUID]:
    return {written.pk for written in move_many(TASKS, asked, actor=actor) if written}


def chosen_again(
    works: Sequence[Work], first: dict[UUID, Choice], held: Sequence[Candidate]
) -> dict[UUID, Choice]:
    """What was drawn stands where it still can: a second draw, of these agents alone, had another probability."""
    if settings.DELEGATION_STRATEGY != LEARNED:
        return choose_for(works, held)
    by_id = {candidate.agent_id: candidate for candidate in held}
    upheld: dict[UUID, Choice] = {}
    for work in works:
        choice = first.get(work.id)
        agent = by_id.get(choice.agent_id) if choice else None
        if choice and agent and wanted(work).fits(agent):
            upheld[work.id] = choice
            by_id[agent.agent_id] = replace(agent, load=agent.load + 1)
    return upheld


def choose_for(works: Iterable[Work], candidates: Collection[Candidate]) -> dict[UUID, Choice]:
    """A choice for each task that can have one; what is chosen counts as load for the next."""
    by_id = {candidate.agent_id: candidate for candidate in candidates}
    suited: dict[Wanted, list[UUID]] = {}  # most tasks of a set want the same
    choices: dict[UUID, Choice] = {}
    strategy = settings.DELEGATION_STRATEGY
    records = outcomes.kept.get() if strategy == LEARNED else NO_RECORDS
    for work in works:
        asked = wanted(work)
        if asked not in suited:
            suited[asked] = [one.agent_id for one in candidates if asked.suits(one)]
        target = work.target_agent_id
        allowed = [by_id[one] for one in suited[asked] if target is None or target == one]
        choice = choose(strategy, asked, allowed, records)
        if choice is not None:
            choices[work.id] = choice
            taken = by_id[choice.agent_id]
            by_id[choice.agent_id] = replace(taken, load=taken.load + 1, last_assigned_at=work.now)
    return choices


def wanted(work: Work) -> Wanted:
    excluded = frozenset(UUID(agent_id) for agent_id in work.excluded_agents)
    last = work.attempt
    avoided = last.agent_id if last and last.outcome in LET_DOWN else None
    return Wanted(work.task_type, frozenset(work.required_capabilities), excluded, avoided)


def read_candidates(only: Sequence[UUID] | None = None) -> list[Candidate]:
    """The agents that take work now, with their load."""
    if only is None:
        rows: Iterable[Sequence[Any]] = ALL_CANDIDATES.all()
    elif len(only) == 1:
        rows = ONE_CANDIDATE.all(only[0])
    else:
        rows = candidates(Agent.objects.filter(pk__in=only))
    return [candidate_of(*row) for row in rows]


def candidate_of(
    agent_id: UUID,
    name: str,
    capabilities: list[str],
    task_types: list[str],
    stopped: list[str],
    *rest: Any,
) -> Candidate:
    types = frozenset(task_types), frozenset(stopped)
    fields: list[Any] = [agent_id, name, frozenset(capabilities), *rest, *types]
    return Candidate(*fields)


def candidates(agents: QuerySet[Agent]) -> QuerySet[Agent, tuple[Any, ...]]:
    """In the order of the parameters of `candidate_of`."""
    held = counted(
        Task.objects.filter(assigned_agent=OuterRef("pk"), state__in=HELD), "assigned_agent"
    )
    # The head of an index: however long the agent's history, one row is read.
    latest = (
        Attempt.objects.filter(agent=OuterRef("pk")).order_by("-assigned_at").values("assigned_at")
    )
    takers = stopping.not_stopped(agents).filter(status=AgentStatus.AVAILABLE, silent_at__gt=Now())
    return (
        takers.order_by()
        .annotate(
            load=Coalesce(held, 0),
            last_assigned_at=Subquery(latest[:1]),
            stopped=stopping.types_in_one_value(),
        )
        .values_list(
            "id",
            "name",
            "capabilities",
            "task_types",
            "stopped",
            "load",
            "max_concurrent_tasks",
            "priority_level",
            "last_assigned_at",
        )
    )


def counted(rows: object, by: str) -> Subquery:
    return Subquery(
        rows.order_by().values(by).annotate(n=Count("pk")).values("n"),  # type: ignore[attr-defined]
        output_field=IntegerField(),
    )


def lock_agents(ids: Sequence[UUID]) -> None:
    """In the order of ids, so that two assigners never wait for each other in a circle."""
    if len(ids) == 1:
        LOCK_AGENT.all(ids[0])
    else:
        list(locking(Agent.objects.filter(pk__in=ids)))


def locking(agents: QuerySet[Agent]) -> QuerySet[Agent, tuple[UUID]]:
    return agents.order_by("pk").select_for_update(no_key=True).values_list("pk")


ALL_CANDIDATES = FixedQuery(lambda: candidates(Agent.objects.all()))
ONE_CANDIDATE = FixedQuery(lambda: candidates(Agent.objects.filter(pk=ASKED_ID)))
LOCK_AGENT = FixedQuery(lambda: locking(Agent.objects.filter(pk=ASKED_ID)))
