"""The least that a lifecycle can be: per step one INSERT or UPDATE of the task, and one event."""

from __future__ import annotations

from uuid import UUID

from agentic.ids import new_id
from bench.replay import Script, Statement
from bench.steps import Trio

ADDED = """
INSERT INTO tasks (id, title, task_type, priority, payload, required_capabilities, excluded_agents,
    non_retryable_errors, max_retries, ack_timeout, lease_seconds, version, created_by_id)
SELECT id, 'Read the digit', 'digits', 1, '{"image": "digits/0042"}', '["x"]', '[]', '[]', 3, 30, 30, 1, %s
FROM unnest(%s::uuid[]) AS id
"""
MOVED = """
UPDATE tasks SET state = %s, version = %s, due_at = {due}, updated_at = now(), assigned_agent_id = %s, result = %s
WHERE id = ANY(%s) AND state = %s AND version = %s
"""
TOLD = """
INSERT INTO events (id, entity_type, entity_id, version, event_type, data, actor_kind, actor_label, source,
    correlation_id, traceparent)
SELECT id, 'task', task, %s, %s, '{"attempt": 1}', 'agent', 'reader', 'agent', '', ''
FROM unnest(%s::uuid[], %s::uuid[]) AS _(id, task)
"""
PATH = (
    ("queued", "assigned", "task.assigned"),
    ("assigned", "acked", "task.acked"),
    ("acked", "in_progress", "task.started"),
    ("in_progress", "completed", "task.completed"),
    ("completed", "verified", "task.verified"),
)


def script(trio: Trio, size: int = 1) -> Script:
    """Six transactions for `size` tasks."""
    tasks = [new_id() for _ in range(size)]
    added: Statement = (ADDED, [trio.manager.actor.id, tasks])
    steps = [[added, told(tasks, 1, "task.created")]]
    for version, (old, new, said) in enumerate(PATH, start=1):
        result = '{"label": 7}' if new in {"completed", "verified"} else None
        due = "NULL" if new == "verified" else "now() + interval '30 seconds'"
        values = [new, version + 1, trio.agent.id, result, tasks, old, version]
        steps.append([(MOVED.format(due=due), values), told(tasks, version + 1, said)])
    return steps


def told(tasks: list[UUID], version: int, said: str) -> Statement:
    return TOLD, [version, said, [new_id() for _ in tasks], tasks]
