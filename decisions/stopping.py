"""What is stopped at this moment, in the words of queries: part of each claim, offer and write, no query of its own.

Whoever assigns reads this after it has locked the agent's row, in a statement of its own: `services.stops` waits for
all who hold such a row, and after that nobody assigns who has not seen the stop.

A lease in the scope of a stop is void while the stop is on, from its commit: an agent's call looks at the stops with
the task that it reads, and once more in the statement that writes. That the row itself is taken back follows in sets.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, Exists, JSONField, OuterRef, Q, QuerySet
from django.db.models.expressions import Combinable, RawSQL

from agentic.clock import seconds_from_now
from agentic.fixed_query import prepared
from agents.models import Agent
from decisions.models import TASKS, Stop, StopScope, Task
from decisions.states import HELD

STOPPED_TYPES = {
    "postgresql": "(SELECT coalesce(jsonb_agg(task_type), '[]') FROM stops"
    " WHERE lifted_at IS NULL AND scope = 'task_type')",
    "sqlite": "(SELECT json_group_array(task_type) FROM stops WHERE lifted_at IS NULL AND scope = 'task_type')",
}
# As text, for a claim builds its query anew each time. All but the last comparison is done once, whatever is queued.
MAY_GO_TO = """
(NOT EXISTS (SELECT 1 FROM stops WHERE lifted_at IS NULL AND (scope = 'everything' OR agent_id = %s))
 AND tasks.task_type NOT IN (SELECT task_type FROM stops WHERE lifted_at IS NULL AND scope = 'task_type'))
"""


# Of a task that an agent holds. The lists are read once for each statement, however many rows it is about.
STOPPED = """
(EXISTS (SELECT 1 FROM stops WHERE lifted_at IS NULL AND scope = 'everything')
 OR {row}.task_type IN (SELECT task_type FROM stops WHERE lifted_at IS NULL AND scope = 'task_type')
 OR ({row}.assigned_agent_id IS NOT NULL AND {row}.assigned_agent_id IN
     (SELECT agent_id FROM stops WHERE lifted_at IS NULL AND scope = 'agent')))
"""
# The moves that agents make.
TASKS_OF_AGENTS = replace(TASKS, only_if=f"NOT {STOPPED}")


def on() -> QuerySet[Stop]:
    return Stop.objects.filter(lifted_at__isnull=True)


def everything() -> Exists:
    return Exists(on().filter(scope=StopScope.EVERYTHING))


def not_stopped(agents: QuerySet[Agent]) -> QuerySet[Agent]:
    """Those that get work as far as stops are concerned."""
    mine = on().filter(scope=StopScope.AGENT, agent=OuterRef("pk"))
    return agents.filter(~everything(), ~Exists(mine))


def types_in_one_value() -> Combinable:
    """The types of task that are stopped, as a list beside each row of a query."""
    # A constant text; nothing comes from outside.
    return RawSQL(STOPPED_TYPES[connection.vendor], (), output_field=JSONField())  # noqa: S611


def tasks_may_go_to(agent_id: UUID) -> Q:
    """A condition on tasks. The text is a constant; what comes from outside is the parameter."""
    return Q(RawSQL(MAY_GO_TO, (prepared(agent_id),), output_field=BooleanField()))  # noqa: S611


def lease_is_void() -> Combinable:
    """Beside each row of a query of tasks: whether a stop that is on covers the agent that holds it."""
    # A constant text; nothing comes from outside.
    return RawSQL(STOPPED.format(row="tasks"), (), output_field=BooleanField())  # noqa: S611


def held_in(stop: Stop) -> QuerySet[Task]:
    """Tasks in the scope of the stop that an agent still holds."""
    held = Task.objects.filter(state__in=HELD)
    match stop.scope:
        case StopScope.AGENT:
            return held.filter(assigned_agent=stop.agent_id)
        case StopScope.TASK_TYPE:
            return held.filter(task_type=stop.task_type)
    return held


def agents_of(stop: Stop) -> QuerySet[Agent]:
    """Those to whom tasks in the scope of the stop could be given."""
    return Agent.objects.filter(pk=stop.agent_id) if stop.agent_id else Agent.objects.all()


def kept_waiting(seconds: float) -> Exists:
    """For tasks: whether a stop of their type or of everything was on within the last so many seconds."""
    recent = Q(lifted_at__isnull=True) | Q(lifted_at__gt=seconds_from_now(-seconds))
    theirs = Q(scope=StopScope.EVERYTHING) | Q(
        scope=StopScope.TASK_TYPE, task_type=OuterRef("task_type")
    )
    return Exists(Stop.objects.filter(recent, theirs))
