"""What a person does over the socket: by the same rules and services as over HTTP."""

from __future__ import annotations

from agentic.actors import Actor, ActorKind, Source
from agentic.authentication import person_of
from agentic.errors import NotAllowed
from agentic.models import Event, User
from agentic.rates import spend_person
from agentic.refusals import Refusal, keep
from agentic.roles import may
from agentic.vocabulary import EntityType
from decisions.services.interventions import escalate_task, override_task
from oversight.frames import Act, ActionDone, say

PATH = "/api/v1/oversight/ws"
RULES = {"override": "tasks.override", "escalate": "tasks.escalate"}


def acting(user: User, ip: str) -> Actor:
    return Actor(ActorKind.USER, user.pk, user.username, Source.API, ip=ip)


def keep_refusal(user: User, ip: str, error: NotAllowed) -> None:
    """Into the audit log, as over HTTP."""
    keep(acting(user, ip), Refusal("socket", error.detail), method="WS", path=PATH)


def act(asked: Act, *, token: str, ip: str) -> str:
    """Carry it out, with the roles of this moment. The answer goes out after the commit, and names the event."""
    user = person_of(token)
    if not may(user, RULES[asked.action]):
        raise NotAllowed
    spend_person(user, "write")
    actor = acting(user, ip)
    if asked.action == "override":
        override_task(asked.task_id, actor=actor, reason=asked.reason, new_decision=asked.data)
    else:
        escalate_task(asked.task_id, actor=actor, reason=asked.reason)
    event = Event.objects.filter(
        entity_type=EntityType.TASK, entity_id=asked.task_id, user_id=user.pk
    ).latest("version")
    return say(
        ActionDone(
            action=asked.action,
            task_id=asked.task_id,
            status="overridden" if asked.action == "override" else "escalated",
            event_id=event.id,
            position=event.position,
        )
    )
