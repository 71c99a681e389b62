"""Which queued tasks fit which agents, in the words of each database."""

from __future__ import annotations

import json
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from agentic.clock import Now
from decisions import stopping
from decisions.models import Task
from decisions.states import State

# A JSON list inside another one, and a text inside a JSON list.
WITHIN = {
    "postgresql": "(tasks.required_capabilities <@ %s::jsonb)",
    "sqlite": "NOT EXISTS (SELECT 1 FROM json_each(tasks.required_capabilities) AS need"
    " WHERE need.value NOT IN (SELECT value FROM json_each(%s)))",
}
EXCLUDED = {
    "postgresql": "(tasks.excluded_agents @> %s::jsonb)",
    "sqlite": "EXISTS (SELECT 1 FROM json_each(tasks.excluded_agents) AS out"
    " WHERE out.value IN (SELECT value FROM json_each(%s)))",
}


def claimable_by(
    agent_id: UUID, capabilities: list[str], task_types: list[str] | None
) -> QuerySet[Task]:
    """Queued tasks that are not held back by their time or a stop, and fit the agent, by priority and age."""
    tasks = Task.objects.filter(
        stopping.tasks_may_go_to(agent_id),
        Q(due_at__isnull=True) | Q(due_at__lte=Now()),
        Q(target_agent__isnull=True) | Q(target_agent=agent_id),
        holds(WITHIN, json.dumps(capabilities)),
        ~holds(EXCLUDED, json.dumps([str(agent_id)])),
        state=State.QUEUED,
    )
    if task_types:
        tasks = tasks.filter(task_type__in=task_types)
    return tasks.order_by("-priority", "created_at", "id")


def holds(texts: dict[str, str], param: str) -> Q:
    # The texts are the constants above; what comes from outside is the parameter.
    return Q(RawSQL(texts[connection.vendor], (param,), output_field=BooleanField()))  # noqa: S611
