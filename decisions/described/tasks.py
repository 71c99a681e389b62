"""The calls about tasks, events and counters, as the API's document has them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from agentic.operations import Operation, Query, cursor, limit
from agentic.vocabulary import EntityType
from agents.described import AGENT_ID, MORNING
from decisions import answers, cursors, shapes
from decisions.states import State

TASK_ID = "019a0e60-11d5-7b8e-b0ce-6a54d1b7c933"
ASKED = {
    "title": "Read meter 4711",
    "task_type": "reading",
    "priority": "high",
    "payload": {"image": "s3://meters/4711.png"},
    "required_capabilities": ["digits"],
}
TASK = {
    **ASKED, "id": TASK_ID, "description": "", "state": "queued", "result": None, "assigned_agent_id": None,
    "parent_id": None, "depth": 0, "retry_count": 0, "max_retries": 3, "attempt_count": 0, "ack_timeout": 30,
    "lease_seconds": 30, "due_at": None, "version": 1, "created_by_id": "019a0e5b-02aa-7c55-8e6e-0d6f2f7c1b44",
    "created_at": MORNING, "updated_at": MORNING,
}  # fmt: skip
ESCALATION = {
    "task_id": TASK_ID, "level": 1, "reason": "retries used up", "opened_at": MORNING, "acknowledged_at": None,
}  # fmt: skip
ESCALATED = {
    **TASK,
    "state": "escalated",
    "due_at": "2026-01-05T09:00:00Z",
    "escalation": ESCALATION,
}
EVENT = {
    "id": "019a0e60-11d9-7f2a-9a53-c1f3b6d4e855", "position": 42, "event_type": "task.assigned", "entity_type": "task",
    "entity_id": TASK_ID, "version": 2, "data": {"agent_id": AGENT_ID, "attempt": 1}, "actor_kind": "system",
    "actor_id": None, "actor_label": "platform", "user_id": None, "source": "beat", "correlation_id": "",
    "traceparent": "", "created_at": MORNING,
}  # fmt: skip
OFFSET = Query(
    name="offset",
    type=Annotated[int, Meta(ge=0, le=10_000)],
    about="How many to leave out; for deep pages take the cursor.",
    default=0,
)
PLACE = cursor(cursors.PATTERN)

CREATE_TASK = Operation(
    summary="Create a task",
    about="It is given to an agent that is free and fits, or waits in the queue for one.",
    body=shapes.NewTask,
    example=ASKED,
    answer=answers.Task,
    answered=TASK,
    status=201,
)
CREATE_TASKS = Operation(
    summary="Create many tasks",
    about="Up to 500, all or none.",
    body=shapes.NewTasks,
    example={"tasks": [ASKED]},
    answer=answers.TasksCreated,
    answered={"tasks": [TASK]},
    status=201,
)
LIST_TASKS = Operation(
    summary="List tasks",
    about="Newest first.",
    query=(
        Query(name="state", type=State, about="Only tasks in this state."),
        limit(50, 500),
        OFFSET,
        PLACE,
    ),
    answer=answers.TaskPage,
    answered={"tasks": [TASK], "limit": 50, "offset": 0, "next": None},
)
SHOW_TASK = Operation(summary="Show a task", answer=answers.Task, answered=TASK)
MOVE_TASK = Operation(
    summary="Move a task by hand",
    about="`metadata`: `agent_id` (to assigned), `result` (to completed), `error {type, message, retryable}` (to "
    "failed), `reason` (to queued, escalated, cancelled). To `verified` is an approval of the pending result.",
    body=shapes.StateChange,
    example={"state": "cancelled", "metadata": {"reason": "not needed any more"}},
    answer=answers.StateChanged,
    answered={"status": "updated", "new_state": "cancelled"},
    errors=(409,),
)
OVERRIDE_TASK = Operation(
    summary="Decide a task in the agent's place",
    about="From any state that is not terminal; an agent at work is fenced off.",
    body=shapes.Override,
    example={"reason": "the photo is of another meter", "new_decision": {"reading": 8102}},
    answer=answers.TaskOverridden,
    answered={"status": "overridden", "task_id": TASK_ID, "new_decision": {"reading": 8102}},
)
ESCALATE_TASK = Operation(
    summary="Hand a task to a person",
    query=(
        Query(
            name="reason",
            type=Annotated[str, Meta(max_length=10_000)],
            about="Unless the body says it.",
        ),
    ),
    body=shapes.EscalationRequest,
    example={"reason": "the customer complained"},
    answer=answers.TaskEscalated,
    answered={"status": "escalated", "task_id": TASK_ID, "reason": "the customer complained"},
)
LIST_ESCALATIONS = Operation(
    summary="List tasks that wait for a person",
    query=(limit(50, 500), OFFSET, PLACE),
    answer=answers.EscalationPage,
    answered={"escalations": [ESCALATED], "next": None},
)
LIST_EVENTS = Operation(
    summary="Follow the events",
    about="In the order of `position`. Whoever goes on from the last one never misses any.",
    query=(
        Query(
            name="after", type=Annotated[int, Meta(ge=0, le=2**62)], about="A position.", default=0
        ),
        limit(100, 1000),
        Query(name="entity_type", type=EntityType, about="Only events of such things."),
        Query(name="entity_id", type=UUID, about="Only events of this thing."),
    ),
    answer=answers.EventPage,
    answered={"events": [EVENT], "next": None},
)
SHOW_STATS = Operation(
    summary="Count",
    answer=answers.Stats,
    answered={
        "tasks": {"total": 1200, "escalated": 3},
        "agents": {"total": 5, "available": 4},
        "models": {"total": 2, "active": 1},
        "training_jobs": {"pending": 0, "running": 1},
    },
)
