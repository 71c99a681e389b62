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
    **ASKED, "id": MODEL_ID, "training_job_id": JOB_ID, "artifact_path": "", "sha256": "", "size": None,
    "is_active": False, "created_by_id": None, "created_at": MORNING,
}  # fmt: skip
JOB = {
    "id": JOB_ID, "model_name": "review-risk", "agent_id": AGENT_ID, "trainer": "", "status": "pending",
    "config": {"folds": 5}, "progress": 0.0, "error": "", "created_by_id": None, "created_at": MORNING,
    "started_at": None, "finished_at": None,
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
    about="409 when the version is there already.",
    body=shapes.NewModel,
    example=ASKED,
    answer=answers.Model,
    answered=MODEL,
    status=201,
)
ACTIVATE_MODEL = Operation(
    summary="Let a version of a model go live",
    about="The one that was live retires. `replaces` is the version that the caller saw live, null for none: of all "
    "who saw the same one wins, and the others get 409 with `live`, `{id, version}` or null. Without it, 409 only when "
    "another went live in the middle of the request.",
    body=shapes.GoingLive,
    example={"replaces": "019a0e70-3b1c-7e0a-a4c2-6d5b9f0e8c77"},
    answer=answers.Activated,
    answered={"status": "activated", "model_id": MODEL_ID},
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
