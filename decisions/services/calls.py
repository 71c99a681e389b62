"""Carries out what agents say of the tasks that they hold: one call, or a batch in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Exists, OuterRef

from agentic.actors import Actor
from agentic.errors import Conflict, DomainError, NotFound
from decisions import shapes
from decisions.models import Attempt, Decision, Escalation
from decisions.models.task import Outcome
from decisions.plans import PLANS, RESULT, Answer, Context, Plan
from decisions.services.effects import ENDS, move_tasks
from decisions.services.proposals import propose
from decisions.services.review_load import brought_to_people
from decisions.services.stale import NO_SUCH_TASK, answer_stale, verdicts_of
from decisions.services.waiting import still_waiting
from decisions.states import LEGAL, DecisionStatus
from decisions.stopping import TASKS_OF_AGENTS
from decisions.work import Work, load, lock_rows

# How often a call is planned anew because the row moved between reading and writing.
TRIES = 3

# What they wait for must not come to pass between the look at it and the move.
NEED_A_LOCK = (shapes.Suspend, shapes.Propose)

Result = Answer | DomainError


def carry_out(call: shapes.Call, *, agent_id: UUID, actor: Actor) -> Answer:
    """One call, or its error."""
    with together(isinstance(call, NEED_A_LOCK)):
        (result,) = carry_out_alike([call], agent_id=agent_id, actor=actor)
    if isinstance(result, DomainError):
        raise result
    return result


@transaction.atomic
def carry_out_batch(calls: Sequence[shapes.Call], *, agent_id: UUID, actor: Actor) -> list[Result]:
    """All calls in order, in one transaction. A refused call changes nothing and does not stop the others."""
    lock_rows({call.task_id for call in calls})
    results: list[Result] = []
    for alike in in_sets(calls):
        results += carry_out_alike(alike, agent_id=agent_id, actor=actor)
    return results


def in_sets(calls: Sequence[shapes.Call]) -> Iterator[list[shapes.Call]]:
    """Neighbours of one kind that speak of different tasks: they can be carried out together."""
    for _, neighbours in groupby(calls, key=type):
        together: dict[Any, shapes.Call] = {}
        for call in neighbours:
            if call.task_id in together:
                yield list(together.values())
                together = {}
            together[call.task_id] = call
        yield list(together.values())


def carry_out_alike(calls: Sequence[shapes.Call], *, agent_id: UUID, actor: Actor) -> list[Result]:
    """Calls of one kind, each of another task."""
    proposals = [call for call in calls if isinstance(call, shapes.Propose)]
    if proposals:
        return [attempted(call, agent_id, actor) for call in proposals]
    results: dict[Any, Result] = {}
    left = list(calls)
    for _ in range(TRIES):
        left = one_round(left, results, agent_id, actor)
        if not left:
            break
    return [results[call.task_id] for call in calls]


def attempted(call: shapes.Propose, agent_id: UUID, actor: Actor) -> Result:
    try:
        return propose(call, agent_id=agent_id, actor=actor)
    except DomainError as error:
        return error


def one_round(
    calls: list[shapes.Call], results: dict[Any, Result], agent_id: UUID, actor: Actor
) -> list[shapes.Call]:
    """Plan and write; the calls whose row was moved by somebody else meanwhile are returned."""
    works = load([call.task_id for call in calls], lock=isinstance(calls[0], NEED_A_LOCK))
    context = context_of(calls, works)
    planned: list[tuple[shapes.Call, Plan]] = []
    for call in calls:
        try:
            plan = planned_call(works.get(call.task_id), call, agent_id, context)
        except DomainError as error:
            results[call.task_id] = error
            continue
        results[call.task_id] = plan.answer
        if plan.move:
            planned.append((call, plan))
    written = write(planned, works, actor)
    done = [plan.answer for (_, plan), row in zip(planned, written, strict=True) if row]
    brought_to_people(agent_id, sum(answer.get("review") == "person" for answer in done))
    missed = [call for (call, _), row in zip(planned, written, strict=True) if not row]
    for call in missed:
        results[call.task_id] = Conflict(
            works[call.task_id].state, LEGAL[works[call.task_id].state]
        )
    return missed


def planned_call(work: Work | None, call: shapes.Call, agent_id: UUID, context: Context) -> Plan:
    if work is None:
        raise NotFound(NO_SUCH_TASK)
    if not work.is_held_by(agent_id, call.lease_token):
        return Plan(None, answer_stale(work, call, agent_id))
    return PLANS[type(call)](work, call, context)


def write(
    planned: list[tuple[shapes.Call, Plan]], works: dict[UUID, Work], actor: Actor
) -> list[Any]:
    moves = [plan.move for _, plan in planned if plan.move]
    if not moves:
        return []
    with together(any(move.new in ENDS for move in moves)):
        return move_tasks(moves, works, actor=actor, machine=TASKS_OF_AGENTS)


def together(needed: bool) -> AbstractContextManager[Any]:
    """A transaction where one statement is not enough."""
    return transaction.atomic() if needed else nullcontext()


def context_of(calls: Sequence[shapes.Call], works: Mapping[UUID, Work]) -> Context:
    """What the plans of these calls need beyond their rows, read for all of them at once."""
    match calls[0]:
        case shapes.Complete():
            # Nobody has rejected a result of a first attempt.
            again = [task_id for task_id, work in works.items() if work.attempt_count > 1]
            return Context(rejected=rejected_results(again) if again else frozenset())
        case shapes.Suspend():
            until = {call.task_id: call.until for call in calls if isinstance(call, shapes.Suspend)}
            return Context(waiting=still_waiting(until))
        case shapes.Release():
            return Context(releases=earlier_releases(works))
        case shapes.Heartbeat():
            return Context(
                verdicts=verdicts_of([w.attempt.id for w in works.values() if w.attempt])
            )
    return Context()


def earlier_releases(tasks: Iterable[UUID]) -> dict[UUID, int]:
    """How often each task was released since a person last resolved an escalation of it."""
    resolved = Escalation.objects.filter(
        task=OuterRef("task"), resolved_at__gt=OuterRef("ended_at")
    )
    released = Attempt.objects.filter(~Exists(resolved), task__in=tasks, outcome=Outcome.RELEASED)
    counted = released.order_by().values("task").annotate(times=Count("pk"))
    return dict(counted.values_list("task", "times"))


def rejected_results(tasks: Sequence[UUID]) -> frozenset[tuple[UUID, str]]:
    rejected = Decision.objects.filter(
        task__in=tasks,
        decision_type=RESULT,
        status=DecisionStatus.REJECTED,
    )
    return frozenset(rejected.values_list("task_id", "digest"))
