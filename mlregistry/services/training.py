"""Training jobs: asked for by people, carried out by a trainer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from agentic import audits
from agentic.actors import Actor
from agentic.vocabulary import AuditAction
from agents.models import Agent
from mlregistry.models import TrainingJob
from mlregistry.services.registration import refuse_missing


@transaction.atomic
def request_training_job(
    *,
    actor: Actor,
    model_name: str,
    agent_id: UUID,
    config: Mapping[str, Any] | None = None,
    feedback_ids: Sequence[UUID] = (),
) -> TrainingJob:
    """A job that waits until a trainer takes it. Invalid when there is no such agent."""
    refuse_missing(Agent, agent_id=agent_id)
    job = TrainingJob.objects.create(
        model_name=model_name,
        agent_id=agent_id,
        config=dict(config or {}),
        feedback_ids=[str(pk) for pk in dict.fromkeys(feedback_ids)],
        created_by_id=actor.user_id,
    )
    audits.record(
        AuditAction.TRAINING_REQUESTED,
        actor=actor,
        entity_type="training_job",
        entity_id=job.pk,
        after={"model_name": model_name, "agent_id": str(agent_id)},
        feedback=len(job.feedback_ids),
    )
    return job
