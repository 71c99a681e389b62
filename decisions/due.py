"""Whether anything is due at all: one look at three indexes, so that an idle tick costs next to nothing."""

from __future__ import annotations

from django.db import connection

NOW = {"postgresql": "statement_timestamp()", "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', 'now')"}
LOOK = """
SELECT EXISTS (SELECT 1 FROM tasks WHERE due_at <= {now})
    OR EXISTS (SELECT 1 FROM agents WHERE silent_at <= {now})
    OR EXISTS (SELECT 1 FROM decisions WHERE status = 'pending' AND due_at <= {now})
"""


def anything_due() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(LOOK.format(now=NOW[connection.vendor]))
        row: tuple[bool] = cursor.fetchone()
    return bool(row[0])
