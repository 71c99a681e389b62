"""Whether anything is due at all: one look at a few indexes, so that an idle tick costs next to nothing."""

from __future__ import annotations

from django.db import connection

NOW = {"postgresql": "statement_timestamp()", "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', 'now')"}
LOOK = """
SELECT EXISTS (SELECT 1 FROM tasks WHERE due_at <= {now})
    OR EXISTS (SELECT 1 FROM agents WHERE silent_at <= {now})
    OR EXISTS (SELECT 1 FROM decisions WHERE status = 'pending' AND due_at <= {now})
    OR EXISTS (SELECT 1 FROM stops AS s WHERE s.lifted_at IS NULL AND EXISTS (
        SELECT 1 FROM tasks AS t WHERE t.state IN ('assigned', 'acked', 'in_progress')
        AND (s.scope = 'everything' OR t.assigned_agent_id = s.agent_id
             OR (s.scope = 'task_type' AND t.task_type = s.task_type))))
"""


def anything_due() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(LOOK.format(now=NOW[connection.vendor]))
        row: tuple[bool] = cursor.fetchone()
    return bool(row[0])
