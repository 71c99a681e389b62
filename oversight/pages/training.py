"""Training jobs: asked for, watched while they run, called off, and what they made."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from django.http import HttpResponse
from django.urls import reverse

from agentic.errors import Invalid
from agentic.roles import may
from mlregistry.models import JOB_LEGAL, JobStatus, TrainingJob
from mlregistry.permitted import CANCEL, allowed_actions, guard
from mlregistry.services.training import cancel_training_job, request_training_job
from oversight.agent_forms import ReasonForm
from oversight.doing import done, filled
from oversight.doors import PageRequest, action, actor, page, show
from oversight.pages.models import id_asked
from oversight.selectors.training import PAGE, choices, jobs, made_by, read_job
from oversight.training_forms import job_said


@page("training.view")
def training_jobs(request: PageRequest) -> HttpResponse:
    status, before = request.GET.get("status", ""), id_asked(request, "before")
    if status and status not in JobStatus.values:
        raise Invalid(status=f"one of {', '.join(JobStatus.values)}")
    found = list(jobs(status=status, before=before))
    context: dict[str, Any] = {
        "jobs": found[:PAGE],
        "next": found[PAGE - 1].pk if len(found) > PAGE else None,
        "status": status,
        "statuses": JobStatus.values,
        "is_first": before is None,
    }
    part = "oversight/_training_jobs.html"
    if not request.htmx and may(request.user, "training.request"):
        context["choices"] = choices()
    return show(request, "oversight/training_jobs.html", context, part=part)


@page("training.view")
def training_job(request: PageRequest, job_id: UUID) -> HttpResponse:
    job = read_job(job_id)
    context = {"job": job, "made": made_by(job), "actions": allowed_actions(request.user, job)}
    part = "oversight/_training_job.html"
    return show(request, "oversight/training_job.html", context, part=part)


@action("training.request")
def training_start(request: PageRequest) -> HttpResponse:
    said = job_said(request.POST)
    job = request_training_job(actor=actor(request), **msgspec.structs.asdict(said))
    return done(request, f"A training of {job.model_name} is asked for.", back=page_of(job))


@action(CANCEL.rule)
def training_cancel(request: PageRequest, job_id: UUID) -> HttpResponse:
    said, job = filled(ReasonForm(request.POST)), read_job(job_id)
    guard(CANCEL, request.user, job)
    job = cancel_training_job(actor=actor(request), job_id=job_id, reason=said["reason"])
    text = (
        "It stops with its trainer's next word." if JOB_LEGAL[job.status] else "It is called off."
    )
    return done(request, text, back=page_of(job))


def page_of(job: TrainingJob) -> str:
    return reverse("training_job", args=[job.pk])
