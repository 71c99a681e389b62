"""The calls of the registry of models, as the API's document has them."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from agentic.operations import Operation, Query, limit
from agents.described import AGENT_ID, MORNING
from mlregistry import answers, shapes
from mlregistry.models import JobStatus

MODEL_ID, JOB_ID = "019a0e70-64ab-7b17-9d3f-8e2c5a7f1099", "019a0e6e-9c02-7f88-b1a5-4d6e3b8c2aaa"
ASKED = {
    "name": "review-risk",
    "version": "7",
    "agent_id": AGENT_ID,
    "metrics": {"auc": 0.91, "examples": 1240},
}
MODEL = {
    **ASKED, "id": MODEL_ID, "training_job_id": JOB_ID, "artifact_path": "", "format": "", "sha256": "",
    "size": None, "is_active": False, "created_by_id": None, "created_at": MORNING,
}  # fmt: skip
WHOLE_MODEL = {
    **MODEL, "parameters": {"depth": 4}, "signature": {"inputs": {"confidence": "float"}}, "data_set_digest": "9f" * 32,
    "card": {"summary": "Learned from 1,240 verdicts.", "limits": ["It knows two agents."]},
}  # fmt: skip
JOB = {
    "id": JOB_ID, "model_name": "review-risk", "agent_id": AGENT_ID, "trainer": "", "status": "pending",
    "config": {"folds": 5}, "seed": 0, "trigger": "person", "progress": 0.0, "error": "",
    "created_by_id": None, "created_at": MORNING, "started_at": None, "finished_at": None,
}  # fmt: skip
WHOLE_JOB = {
    **JOB, "status": "completed", "progress": 1.0, "metrics": {"auc": 0.91}, "log": "08:00:01 It made review-risk 7.",
    "feedback_ids": [], "data_set_digest": "9f" * 32, "code_version": "1c" * 32, "taken_count": 1,
    "heartbeat_at": MORNING, "cancel_requested_at": None, "started_at": MORNING, "finished_at": MORNING,
    "models": [MODEL_ID],
}  # fmt: skip
PLACE = Query(name="cursor", type=UUID, about="The `next` of the page before.")
YES_OR_NO = Literal["true", "True", "1", "false", "False", "0"]

LIST_MODELS = Operation(
    summary="List models",
    query=(
        Query(name="agent_id", type=UUID, about="Only models of this agent."),
        Query(name="active_only", type=YES_OR_NO, about="Only what is live."),
        limit(100, 500),
        PLACE,
    ),
    answer=answers.ModelPage,
    answered={"models": [MODEL], "limit": 100, "next": None},
)
REGISTER_MODEL = Operation(
    summary="Register a version of a model",
    about="409 when the version is there already. `is_active` lets it go live at once, except where that takes two "
    "people.",
    body=shapes.NewModel,
    example=ASKED,
    answer=answers.Model,
    answered=MODEL,
    status=201,
)
READ_MODEL = Operation(
    summary="Read a version of a model",
    about="With its card, its parameters and its signature.",
    answer=answers.WholeModel,
    answered=WHOLE_MODEL,
)
LIST_JOBS = Operation(
    summary="List training jobs",
    query=(
        Query(name="status", type=JobStatus, about="Only jobs of this status."),
        limit(100, 500),
        PLACE,
    ),
    answer=answers.TrainingJobPage,
    answered={"jobs": [JOB], "limit": 100, "next": None},
)
REQUEST_JOB = Operation(
    summary="Ask for a training job",
    about="Workers carry it out. `trainer` is one of those that the settings name; without it, the model's own. Only "
    "trainers that are named and unknown are refused: a job whose model has none fails, and says so.",
    body=shapes.NewTrainingJob,
    example={"model_name": "review-risk", "agent_id": AGENT_ID, "config": {"folds": 5}},
    answer=answers.TrainingRequested,
    answered={
        "job_id": JOB_ID,
        "status": "pending",
        "message": "The job is recorded. It waits until a trainer takes it.",
    },
    status=201,
)
READ_JOB = Operation(
    summary="Read a training job",
    about="With its log, its metrics, and all that it rests on: the digest of its examples, the version of its code, "
    "its config and its seed.",
    answer=answers.WholeTrainingJob,
    answered=WHOLE_JOB,
)
CANCEL_JOB = Operation(
    summary="Call a training job off",
    about="At once while it waits. While it runs it stops with its trainer's next word, and `status` is `running` "
    "until then; no model comes of it. 409 when it has ended.",
    body=shapes.CallingOff,
    example={"reason": "The examples were the wrong ones."},
    answer=answers.TrainingRequested,
    answered={"job_id": JOB_ID, "status": "cancelled", "message": "It is called off."},
)
