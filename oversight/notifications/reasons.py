"""Why a task was escalated, as one of our own words: the event's text may be an agent's or a stranger's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentic.actors import ActorKind
from oversight.models import Reason, Topic

# How the platform begins when it says why.
BEGINNINGS = {
    "nobody reviewed": Reason.REVIEW_OVERDUE,
    "the agent did not confirm": Reason.ACK_MISSED,
    "the agent was silent": Reason.LEASE_LOST,
    "the agent went offline": Reason.AGENT_OFFLINE,
    "no agent took it": Reason.UNCLAIMED,
    "given back": Reason.GIVEN_BACK,
}


def reason_of(event: Mapping[str, Any]) -> Reason:
    """By who escalated and how; the text only where the platform itself wrote it."""
    data: dict[str, Any] = event["data"]
    if data.get("level", 1) > 1:
        return Reason.NOBODY_ACTED
    if "reason_code" in data:
        return Reason.REJECTED
    if event["actor_kind"] == ActorKind.USER:
        return Reason.BY_HAND
    text = str(data.get("reason", ""))
    found = (reason for begins, reason in BEGINNINGS.items() if text.startswith(begins))
    return next(found, Reason.FAILED)


def topic_of(reason: Reason) -> Topic:
    return Topic.OVERDUE_REVIEW if reason == Reason.REVIEW_OVERDUE else Topic.ESCALATION
