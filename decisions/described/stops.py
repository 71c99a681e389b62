"""The calls of the kill switch, as the API's document has them."""

from __future__ import annotations

from typing import Literal

from agentic.operations import Operation, Query, limit
from agents.described import MORNING
from decisions import answers, shapes
from decisions.described.tasks import PLACE

STOP = {
    "id": "019a0e81-4477-7d2c-8b6e-5f9a1c3d7bbb", "scope": "task_type", "agent_id": None, "task_type": "payment",
    "reason": "amounts are read with a wrong decimal point", "created_by_id": None, "created_at": MORNING,
    "lifted_by_id": None, "lifted_at": None,
}  # fmt: skip

LIST_STOPS = Operation(
    summary="List what is and was stopped",
    about="Newest first.",
    query=(
        Query(name="active", type=Literal["true", "false"], about="`true`: only what is stopped."),
        limit(50, 500),
        PLACE,
    ),
    answer=answers.StopPage,
    answered={"stops": [STOP], "limit": 50, "next": None},
)
SET_STOP = Operation(
    summary="Stop an agent, a type of task, or everything",
    about="Running leases in its scope are fenced off at once. `agent_id` goes with the scope `agent`, `task_type` "
    "with the scope `task_type`. 409 when it is stopped already.",
    body=shapes.NewStop,
    example={
        "scope": "task_type",
        "task_type": "payment",
        "reason": "amounts are read with a wrong decimal point",
    },
    answer=answers.StopSet,
    answered={**STOP, "taken_back": 3},
    status=201,
)
LIFT_STOP = Operation(
    summary="Let work go on",
    about="409 when it goes on already.",
    body=shapes.Lifting,
    example={"reason": "the reader was mended and tried"},
    answer=answers.Stop,
    answered={**STOP, "lifted_at": MORNING},
)
