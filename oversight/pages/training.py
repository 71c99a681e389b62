"""Training jobs: how far each is, what it said, and what it made."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse

from agentic.errors import Invalid
from mlregistry.models import JobStatus
from oversight.doors import PageRequest, page, show
from oversight.pages.models import id_asked
from oversight.selectors.training import PAGE, jobs, made_by, read_job

OPEN = frozenset({JobStatus.PENDING, JobStatus.RUNNING})


@page("training.view")
def training_jobs(request: PageRequest) -> HttpResponse:
    status, before = request.GET.get("status", ""), id_asked(request, "before")
    if status and status not in JobStatus.values:
        raise Invalid(status=f"one of {', '.join(JobStatus.values)}")
    found = list(jobs(status=status, before=before))
    context = {
        "jobs": found[:PAGE],
        "next": found[PAGE - 1].pk if len(found) > PAGE else None,
        "status": status,
        "statuses": JobStatus.values,
        "is_first": before is None,
        "is_moving": any(job.status in OPEN for job in found),
    }
    part = "oversight/_training_jobs.html"
    return show(request, "oversight/training_jobs.html", context, part=part)


@page("training.view")
def training_job(request: PageRequest, job_id: UUID) -> HttpResponse:
    job = read_job(job_id)
    context = {"job": job, "made": made_by(job), "is_moving": job.status in OPEN}
    part = "oversight/_training_job.html"
    return show(request, "oversight/training_job.html", context, part=part)
