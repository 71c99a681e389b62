"""The calls of agents, as the API's document has them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from agentic.operations import Operation, Query
from agents.described import AGENT_ID
from agents.shapes import Announcement, Shape, SigningOff
from decisions import shapes
from decisions import worker_answers as answers
from decisions.described.reviews import DECISION_ID
from decisions.described.tasks import ASKED, TASK_ID

TOKEN = {"lease_token": "5f0c2a3e-8d14-4b57-9c7f-1e6a2d9b4f77"}
EXPIRES = "2026-01-05T08:00:30Z"
CLAIMED = {
    **ASKED, **TOKEN, "id": TASK_ID, "description": "", "attempt": 1, "max_attempts": 4, "ack_by": EXPIRES,
    "ack_seconds": 30.0, "lease_seconds": 30, "lease_expires_at": EXPIRES, "checkpoint": None, "resume": None,
    "feedback": [], "traceparent": None, "parent_id": None, "depth": 0,
}  # fmt: skip
del CLAIMED["required_capabilities"]
LEASE = {
    "task_id": TASK_ID,
    "state": "in_progress",
    "lease_expires_at": EXPIRES,
    "lease_seconds": 30,
}
DECISION = {
    "decision_id": DECISION_ID, "task_id": TASK_ID, "status": "pending", "decision_type": "action",
    "proposal": {"pay": 5}, "verdict": None, "reason_code": "", "reason": "",
}  # fmt: skip
ENDED = {"task_id": TASK_ID, "attempt": 1}
COMPLETED = {**ENDED, "outcome": "completed", "decision_id": DECISION_ID, "review": "person"}
RESULT = {**TOKEN, "result": {"reading": 8162}, "confidence": 0.72}
REPEATED = "May be repeated with the same body, and then gives the same answer."


def single(shape: type[shapes.Call]) -> type[msgspec.Struct]:
    """The body of a call by itself: the address says which task, and what to do with it."""
    fields: list[Any] = []
    for part in msgspec.structs.fields(shape):
        if part.name == "task_id":
            continue
        given = part.default is not msgspec.NODEFAULT
        fields.append((part.name, part.type, part.default) if given else (part.name, part.type))
    return msgspec.defstruct(f"{shape.__name__}One", fields, bases=(Shape,), kw_only=True)


def call(
    summary: str,
    shape: type[shapes.Call],
    example: dict[str, Any],
    answer: type[msgspec.Struct],
    answered: Any,
    *,
    about: str = "",
) -> Operation:
    """A call on a task that the agent holds."""
    return Operation(
        summary=summary,
        about=f"{about} {REPEATED}".strip(),
        body=single(shape),
        example={**TOKEN, **example},
        answer=answer,
        answered=answered,
        errors=(409,),
    )


CALLS = {
    "ack": call(
        "Acknowledge a task",
        shapes.Ack,
        {"start": True},
        answers.Lease,
        LEASE,
        about="With `start` the work begins too.",
    ),
    "start": call("Begin to work", shapes.Start, {}, answers.Lease, LEASE),
    "heartbeat": call(
        "Say that the work goes on",
        shapes.Heartbeat,
        {"progress": 0.5, "message": "two digits of four"},
        answers.Heard,
        {"lease_expires_at": EXPIRES, "lease_seconds": 30, "cancel_requested": False, "overrides": []},
        about="Extends the lease.",
    ),
    "propose": call(
        "Ask before acting",
        shapes.Propose,
        {"proposal": {"pay": 5}, "confidence": 0.6},
        answers.DecisionTold,
        DECISION,
        about="The same proposal for the same task is the same decision, whatever the attempt.",
    ),
    "complete": call(
        "Hand in a result",
        shapes.Complete,
        {"result": {"reading": 8162}, "confidence": 0.72},
        answers.AttemptCompleted,
        COMPLETED,
        about="It is verified at once, or waits for a person.",
    ),
    "fail": call(
        "Report an error",
        shapes.Fail,
        {"error": {"type": "unreadable", "message": "no digit found"}},
        answers.AttemptEnded,
        {**ENDED, "outcome": "failed"},
    ),
    "release": call(
        "Give a task back",
        shapes.Release,
        {"reason": "shutting down"},
        answers.AttemptEnded,
        {**ENDED, "outcome": "released"},
        about="Uses up no retry.",
    ),
    "suspend": call(
        "Pause a task",
        shapes.Suspend,
        {"checkpoint": {"page": 3}, "until": "decision"},
        answers.AttemptEnded,
        {**ENDED, "outcome": "suspended"},
        about="It comes back with its checkpoint, after a time or when what it waits for is there.",
    ),
}  # fmt: skip

REGISTER = Operation(
    summary="Say what this agent is",
    about="Makes the agent available. What is given replaces what the registry holds.",
    body=Announcement,
    example={"version": "1.2.0", "framework": "none", "capabilities": ["digits"]},
    answer=answers.Registration,
    answered={
        "agent_id": AGENT_ID, "name": "reader", "heartbeat_interval": 10, "lease_seconds": 30, "poll_wait": 25,
        "capabilities": ["digits"], "task_types": [], "concurrency": 4,
    },
    errors=(409,),
)  # fmt: skip
SIGN_OFF = Operation(
    summary="Stop in good order",
    about="Nothing more is given to the agent until it calls again.",
    body=SigningOff,
    example={"finishing": True},
    answer=answers.SignedOff,
    answered={"status": "busy"},
)
CLAIM = Operation(
    summary="Ask for work",
    about="Waits for up to `wait_seconds` where there is none. Never more than the agent's free capacity.",
    body=shapes.Claim,
    example={"max_tasks": 1, "wait_seconds": 0},
    answer=answers.Claimed,
    answered={"tasks": [CLAIMED]},
)
DELEGATE = Operation(
    summary="Hand a part of the task to another agent",
    about="The same body, or the same `key`, for the same parent is the same child: call again to see how it is doing.",
    body=shapes.Delegate,
    example={**TOKEN, "title": "Read the third digit", "payload": {"crop": 3}},
    answer=answers.Child,
    answered={"task_id": "019a0e66-30b7-7a61-8c2d-7f15e4a9c088", "state": "queued", "result": None},
)
SHOW_DECISION = Operation(
    summary="Wait for a verdict",
    about="As soon as there is one, or as it is on time-out. A call that waits keeps the lease alive.",
    query=(
        Query(
            name="wait",
            type=Annotated[int, Meta(ge=0, le=50)],
            about="For so many seconds.",
            default=0,
        ),
    ),
    answer=answers.DecisionTold,
    answered=DECISION,
)
BATCH = Operation(
    summary="Make many calls at once",
    about="Up to 500, in one transaction; one that is refused changes nothing and does not stop the others.",
    body=shapes.Batch,
    example={"operations": [{"op": "complete", "task_id": TASK_ID, **RESULT}]},
    answer=answers.BatchResults,
    answered={"results": [{"status": 200, "body": COMPLETED}]},
)
