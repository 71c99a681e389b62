"""Many rows at once, made by the database."""

from __future__ import annotations

from typing import Any

from bench.cast import sql

# A retry waits for an hour: what comes after the first move is another story.
TASKS = """
INSERT INTO tasks (id, title, task_type, priority, state, payload, result, required_capabilities, excluded_agents,
    non_retryable_errors, backoff_initial, backoff_maximum, max_retries, ack_timeout, lease_seconds, version,
    assigned_agent_id, attempt_count, due_at, created_at, updated_at)
SELECT gen_random_uuid(), 'Task ' || n, 'digits', mod(n, 4), {state}, '{{"image": "digits/0042"}}',
    CASE WHEN {state} IN ('completed', 'verified') THEN '{{"label": 7}}'::jsonb END,
    '[]', '[]', '[]', 3600, 3600, 3, 30, 30,
    {version}, CASE WHEN {state} IN ('assigned', 'acked', 'in_progress') THEN %(agent)s::uuid END, {attempts}, {due},
    now() - n * interval '1 millisecond', now()
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
"""
ATTEMPTS = """
INSERT INTO attempts (id, task_id, number, agent_id, lease_token, assigned_at, lease_expires_at)
SELECT gen_random_uuid(), id, 1, assigned_agent_id, gen_random_uuid(), now(), due_at
FROM tasks WHERE state = 'assigned' AND NOT EXISTS (SELECT 1 FROM attempts WHERE task_id = tasks.id)
"""
EVENTS = """
INSERT INTO events (id, entity_type, entity_id, version, event_type, data, actor_kind, actor_label, source,
    correlation_id, traceparent)
SELECT gen_random_uuid(), 'task', id, {version}, '{said}', '{{}}', 'system', 'bench', 'command', '', ''
FROM tasks WHERE version = {last} {where}
"""


def add_tasks(first: int, last: int, *, state: str, agent: Any = None, due: str = "NULL") -> None:
    """Rows `first` to `last`; `state` and `due` are SQL, in which `n` is the row's number."""
    held = state == "'assigned'"
    text = TASKS.format(state=state, due=due, version=2 if held else 1, attempts=int(held))
    sql(text, {"first": first, "last": last, "agent": agent})
    if held:
        sql(ATTEMPTS)


def add_events(*versions: tuple[int, str], where: str = "") -> None:
    """For each task, the events that it would have."""
    last = max(version for version, _ in versions)
    for version, said in versions:
        sql(EVENTS.format(version=version, said=said, last=last, where=where))
