"""The registry of models by HTTP: `/api/v1/admin/models` and `/api/v1/admin/training-jobs`."""

from __future__ import annotations

from typing import Any

import msgspec
from rest_framework.request import Request
from rest_framework.response import Response

from agentic.acting import actor_of
from agentic.api import (
    ApiView,
    choice_in_query,
    id_in_path,
    id_in_query,
    number_in_query,
    read_about,
)
from agentic.parsing import read
from mlregistry import described, selectors
from mlregistry.models import JobStatus, RegisteredModel, TrainingJob
from mlregistry.services.registration import register_model
from mlregistry.services.training import cancel_training_job, request_training_job
from mlregistry.shapes import CallingOff, NewModel, NewTrainingJob

MODEL_SHOWN = (
    "id", "name", "version", "agent_id", "training_job_id", "metrics", "artifact_path", "format", "sha256", "size",
    "is_active", "created_by_id", "created_at",
)  # fmt: skip
WHOLE_MODEL_SHOWN = (*MODEL_SHOWN, "parameters", "signature", "card", "data_set_digest")
JOB_SHOWN = (
    "id", "model_name", "agent_id", "trainer", "status", "config", "seed", "trigger", "progress", "error",
    "created_by_id", "created_at", "started_at", "finished_at",
)  # fmt: skip
WHOLE_JOB_SHOWN = (
    *JOB_SHOWN, "metrics", "log", "feedback_ids", "data_set_digest", "code_version", "taken_count", "heartbeat_at",
    "cancel_requested_at",
)  # fmt: skip
YES = ("true", "True", "1")
NO = ("false", "False", "0")


def shown(model: RegisteredModel) -> dict[str, Any]:
    return {name: getattr(model, name) for name in MODEL_SHOWN}


def job_shown(job: TrainingJob) -> dict[str, Any]:
    return {name: getattr(job, name) for name in JOB_SHOWN}


def whole_job_shown(job: TrainingJob) -> dict[str, Any]:
    told = {name: getattr(job, name) for name in WHOLE_JOB_SHOWN}
    return {**told, "models": selectors.made_by(job.pk)}


class Models(ApiView):
    rules = {"GET": "models.view", "POST": "models.register"}
    operations = {"GET": described.LIST_MODELS, "POST": described.REGISTER_MODEL}

    def get(self, request: Request) -> Response:
        limit = number_in_query(request, "limit", default=100, lowest=1, highest=500)
        rows = selectors.list_models(
            agent_id=id_in_query(request, "agent_id"),
            active_only=choice_in_query(request, "active_only", [*YES, *NO]) in YES,
            before=id_in_query(request, "cursor"),
            limit=limit + 1,
        )
        return Response({"models": [shown(row) for row in rows[:limit]], **page(rows, limit)})

    def post(self, request: Request) -> Response:
        asked = read(request, NewModel)
        model = register_model(actor=actor_of(request), **msgspec.structs.asdict(asked))
        return Response(shown(selectors.read_model(model.pk)), status=201)


class OneModel(ApiView):
    rules = {"GET": "models.view"}
    operations = {"GET": described.READ_MODEL}

    def get(self, request: Request, model_id: str) -> Response:
        model = selectors.read_model(id_in_path(model_id))
        return Response({name: getattr(model, name) for name in WHOLE_MODEL_SHOWN})


class TrainingJobs(ApiView):
    rules = {"GET": "training.view", "POST": "training.request"}
    operations = {"GET": described.LIST_JOBS, "POST": described.REQUEST_JOB}

    def get(self, request: Request) -> Response:
        limit = number_in_query(request, "limit", default=100, lowest=1, highest=500)
        status = choice_in_query(request, "status", JobStatus.values)
        before = id_in_query(request, "cursor")
        rows = selectors.list_jobs(status=status, before=before, limit=limit + 1)
        return Response({"jobs": [job_shown(row) for row in rows[:limit]], **page(rows, limit)})

    def post(self, request: Request) -> Response:
        asked = read(request, NewTrainingJob)
        job = request_training_job(actor=actor_of(request), **msgspec.structs.asdict(asked))
        message = "The job is recorded. It waits until a trainer takes it."
        return Response({"job_id": job.pk, "status": job.status, "message": message}, status=201)


class OneTrainingJob(ApiView):
    rules = {"GET": "training.view"}
    operations = {"GET": described.READ_JOB}

    def get(self, request: Request, job_id: str) -> Response:
        return Response(whole_job_shown(selectors.read_job(id_in_path(job_id))))


class CancelTrainingJob(ApiView):
    rules = {"POST": "training.request"}
    operations = {"POST": described.CANCEL_JOB}

    def post(self, request: Request, job_id: str) -> Response:
        pk = id_in_path(job_id)
        asked = read_about(request, CallingOff, TrainingJob.objects.filter(pk=pk))
        job = cancel_training_job(actor=actor_of(request), job_id=pk, reason=asked.reason)
        message = (
            "It is called off." if job.finished_at else "It stops with its trainer's next word."
        )
        return Response({"job_id": job.pk, "status": job.status, "message": message})


def page(rows: list[Any], limit: int) -> dict[str, Any]:
    """`next` is the cursor of the page that follows; null when there is none."""
    return {"limit": limit, "next": rows[limit - 1].pk if len(rows) > limit else None}
