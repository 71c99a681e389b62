"""What the worker API answers, by name and type."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from agentic.answers import Answer, Moment, Object, one_of
from agents.models import AgentStatus
from decisions.models.decision import Verdict
from decisions.models.task import Outcome
from decisions.shapes import PriorityName, ReasonName
from decisions.states import DecisionStatus, State

VerdictName = Literal["approve", "edit", "reject", "respond", "override", "auto"]


class Registration(Answer):
    """What the platform holds of the agent, and how it wants to be called; times in seconds."""

    agent_id: UUID
    name: str
    heartbeat_interval: int
    lease_seconds: int
    poll_wait: int
    capabilities: list[str]
    task_types: list[str]
    concurrency: int


class SignedOff(Answer):
    status: AgentStatus


class Resume(Answer):
    """Why the last attempt ended, and its number."""

    reason: str
    attempt: int


class SpokenFeedback(Answer):
    """What a person said of an earlier proposal for this task."""

    verdict: Verdict
    reason_code: ReasonName
    reason: str
    proposal: Object | None
    decided_at: Moment


class ClaimedTask(Answer):
    """A task under a lease, which the agent must ack by `ack_by`."""

    id: UUID
    task_type: str
    title: str
    description: str
    priority: PriorityName
    payload: Object
    attempt: int
    max_attempts: int
    lease_token: UUID
    ack_by: Moment
    ack_seconds: float
    lease_seconds: int
    lease_expires_at: Moment
    checkpoint: Object | None
    resume: Resume | None
    feedback: list[SpokenFeedback]
    traceparent: str | None
    parent_id: UUID | None
    depth: int


class Claimed(Answer):
    """Empty on time-out."""

    tasks: list[ClaimedTask]


class Lease(Answer):
    task_id: UUID
    state: State
    lease_expires_at: Moment
    lease_seconds: int


class VerdictTold(Answer):
    """What a person decided: about a proposal of this attempt, or, without an id, about the whole task."""

    decision_id: UUID | None
    status: DecisionStatus
    verdict: Verdict
    reason_code: ReasonName
    reason: str
    proposal: Object | None


class Heard(Answer):
    """The lease runs anew; `cancel_requested` asks the agent to stop."""

    lease_expires_at: Moment
    lease_seconds: int
    cancel_requested: bool
    overrides: list[VerdictTold]


class DecisionTold(Answer):
    """A decision as its agent sees it. `proposal` is what may be done: the person's version where it was edited."""

    decision_id: UUID
    task_id: UUID
    status: DecisionStatus
    decision_type: str
    proposal: Object
    verdict: VerdictName | None
    reason_code: ReasonName
    reason: str


class AttemptEnded(Answer):
    task_id: UUID
    attempt: int
    outcome: Outcome


class AttemptCompleted(AttemptEnded):
    """Who looks at the result: nobody any more, or a person. Null for one that a person has rejected before."""

    decision_id: UUID | None
    review: Literal["auto", "person"] | None


class Child(Answer):
    """How the delegated task is doing."""

    task_id: UUID
    state: State
    result: Object | None


class CallResult(Answer):
    """The status and the answer that the call would have had by itself."""

    status: int
    body: Annotated[
        Any, one_of("Lease", "Heard", "DecisionTold", "AttemptCompleted", "AttemptEnded", "Problem")
    ]


class BatchResults(Answer):
    """One entry for each operation, in order."""

    results: list[CallResult]
