"""What the events alone say of a thing: the state that it must be in. Pure; `manage.py verify_events` asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple
from uuid import UUID

from agentic.vocabulary import EntityType
from agentic.vocabulary import EventType as Said
from agents.models import AgentStatus
from decisions.states import DecisionStatus, State
from mlregistry.models import JobStatus

# The state after each event. None: the event says something else, and the state stays.
TASK_STATES: dict[str, str | None] = {
    Said.TASK_CREATED: State.QUEUED,
    Said.TASK_ASSIGNED: State.ASSIGNED,
    Said.TASK_ACKED: State.ACKED,
    Said.TASK_STARTED: State.IN_PROGRESS,
    Said.TASK_COMPLETED: State.COMPLETED,
    Said.TASK_VERIFIED: State.VERIFIED,
    Said.TASK_OVERRIDDEN: State.VERIFIED,
    Said.TASK_FAILED: State.FAILED,
    Said.TASK_RETRIED: State.QUEUED,
    Said.TASK_REJECTED: State.QUEUED,
    Said.TASK_RESPONDED: State.QUEUED,
    Said.TASK_RELEASED: State.QUEUED,
    Said.TASK_SUSPENDED: State.QUEUED,
    Said.TASK_REQUEUED: State.QUEUED,
    Said.TASK_ESCALATED: State.ESCALATED,
    Said.TASK_CANCELLED: State.CANCELLED,
    Said.TASK_COMMENTED: None,
    Said.TASK_FEEDBACK_GIVEN: None,
    Said.TASK_ESCALATION_ACKNOWLEDGED: None,
    Said.TASK_ESCALATION_ASSIGNED: None,
}
DECISION_STATES: dict[str, str | None] = {
    Said.DECISION_PROPOSED: DecisionStatus.PENDING,
    Said.DECISION_RESERVED: None,
    Said.DECISION_RELEASED: None,
    Said.DECISION_AUTO_APPROVED: DecisionStatus.AUTO_APPROVED,
    Said.DECISION_APPROVED: DecisionStatus.APPROVED,
    Said.DECISION_EDITED: DecisionStatus.EDITED,
    Said.DECISION_REJECTED: DecisionStatus.REJECTED,
    Said.DECISION_RESPONDED: DecisionStatus.RESPONDED,
    Said.DECISION_OVERRIDDEN: DecisionStatus.OVERRIDDEN,
    Said.DECISION_EXPIRED: DecisionStatus.EXPIRED,
}
AGENT_STATES: dict[str, str | None] = {
    Said.AGENT_REGISTERED: AgentStatus.OFFLINE,
    Said.AGENT_AVAILABLE: AgentStatus.AVAILABLE,
    Said.AGENT_BUSY: AgentStatus.BUSY,
    Said.AGENT_OFFLINE: AgentStatus.OFFLINE,
    Said.AGENT_MAINTENANCE: AgentStatus.MAINTENANCE,
    Said.AGENT_CHANGED: None,
    Said.AGENT_KEY_ISSUED: None,
    Said.AGENT_KEY_REVOKED: None,
}
JOB_STATES: dict[str, str | None] = {
    Said.TRAINING_REQUESTED: JobStatus.PENDING,
    Said.TRAINING_STARTED: JobStatus.RUNNING,
    Said.TRAINING_TAKEN_UP: None,
    Said.TRAINING_PROGRESSED: None,
    Said.TRAINING_COMPLETED: JobStatus.COMPLETED,
    Said.TRAINING_FAILED: JobStatus.FAILED,
    Said.TRAINING_CANCELLED: JobStatus.CANCELLED,
}
STATES: dict[str, dict[str, str | None]] = {
    EntityType.TASK: TASK_STATES,
    EntityType.DECISION: DECISION_STATES,
    EntityType.AGENT: AGENT_STATES,
    EntityType.TRAINING_JOB: JOB_STATES,
}

Row = tuple[UUID, str, int]  # id, state, version
Told = tuple[UUID, int, str]  # entity, version, event type


class Problem(NamedTuple):
    entity_id: UUID
    text: str


def compare(
    rows: Iterable[Row], told: Iterable[Told], states: Mapping[str, str | None]
) -> Iterator[Problem]:
    """What does not fit. Both come ordered by id, the events by version too; neither is held in memory."""
    stories = groupby(told, key=itemgetter(0))
    entity_id, story = next(stories, (None, iter(())))
    for pk, state, version in rows:
        while entity_id is not None and entity_id < pk:
            yield Problem(entity_id, "has events, and is not there")
            entity_id, story = next(stories, (None, iter(())))
        if entity_id != pk:
            yield Problem(pk, "has no event")
            continue
        if text := difference(story, state, version, states):
            yield Problem(pk, text)
        entity_id, story = next(stories, (None, iter(())))
    while entity_id is not None:
        yield Problem(entity_id, "has events, and is not there")
        entity_id, story = next(stories, (None, iter(())))


def difference(
    story: Iterable[Told], state: str, version: int, states: Mapping[str, str | None]
) -> str:
    """How a row differs from its events; empty when it does not."""
    folded, last = "", 0
    for _, number, event_type in story:
        if number != last + 1:
            return f"event {last + 1} is missing"
        if event_type not in states:
            return f"event {number} is {event_type}, which says nothing of such a thing"
        folded, last = states[event_type] or folded, number
    if last != version:
        return f"version {version}, but its last event is {last}"
    return "" if folded == state else f"state {state}, but its events say {folded or 'nothing'}"
