"""10,000 tasks due at once: the sweep, against a loop that does the same row by row with the ORM."""

from __future__ import annotations

import time
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from agentic.models import Event
from agentic.vocabulary import EventType
from bench import cast, rows
from bench.report import Row, interleaved, middle, ratios
from decisions.models import Attempt, Task
from decisions.sweep import sweep
from decisions.work import load_one

DUE, BY_ROW = 10_000, 1_000


def measure(passes: int) -> list[Row]:
    (agent,) = cast.agents(1)
    sides = {"sweep": lambda: swept(agent), "row by row": lambda: looped(agent)}
    found = interleaved(passes, sides)
    told = (
        f"{middle(found, 'sweep')} against {middle(found, 'row by row')} rows/s ({BY_ROW} of them)"
    )
    return [Row("10,000 due, sweep / row by row", ratios(found, "sweep", "row by row"), 15, told)]


def overdue(number: int, agent: cast.BenchAgent) -> None:
    """Assigned, and never acked."""
    rows.add_tasks(1, number, state="'assigned'", agent=agent.id, due="now() - n * interval '1 ms'")
    cast.tidy()


def swept(agent: cast.BenchAgent) -> float:
    overdue(DUE, agent)
    began = time.perf_counter()
    done = sweep()
    elapsed = time.perf_counter() - began
    if done != DUE or Task.objects.filter(state="assigned").exists():
        raise RuntimeError(f"{done} of {DUE} were swept")
    return DUE / elapsed


def looped(agent: cast.BenchAgent) -> float:
    overdue(BY_ROW, agent)
    began = time.perf_counter()
    for task_id in Task.objects.filter(state="assigned").values_list("pk", flat=True):
        retry(task_id)
    elapsed = time.perf_counter() - began
    return BY_ROW / elapsed


@transaction.atomic
def retry(task_id: UUID) -> None:
    """As one would write it: lock, change, save, and the same event."""
    task = Task.objects.select_for_update(no_key=True).get(pk=task_id)
    attempt = Attempt.objects.get(task=task, number=task.attempt_count)
    now = load_one(task.pk).now
    attempt.ended_at, attempt.outcome = now, "ack_missed"
    attempt.save(update_fields=("ended_at", "outcome"))
    task.state, task.assigned_agent, task.version = "queued", None, task.version + 1
    task.retry_count, task.due_at = task.retry_count + 1, now + timedelta(hours=1)
    task.save(
        update_fields=("state", "assigned_agent", "version", "retry_count", "due_at", "updated_at")
    )
    Event.objects.create(
        entity_type="task", entity_id=task.pk, version=task.version, event_type=EventType.TASK_RETRIED,
        data={"reason": "the agent did not confirm in time"}, actor_kind="system", actor_label="bench", source="beat",
    )  # fmt: skip
