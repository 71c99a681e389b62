"""What the API answers about tasks, reviews, events and stops, by name and type."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from agentic.actors import ActorKind, Source
from agentic.answers import Answer, Count, Moment, Object, Share, one_of
from agentic.vocabulary import EntityType, EventType
from decisions.models.decision import FeedbackType, Route
from decisions.models.policy import DraftState
from decisions.models.stop import StopScope
from decisions.shapes import BudgetName, PriorityName
from decisions.simulated import Simulation
from decisions.states import DecisionStatus, State


class Task(Answer):
    """A piece of work. `due_at` is the next moment at which something happens to it by itself; times are in seconds."""

    id: UUID
    title: str
    description: str
    task_type: str
    priority: PriorityName
    state: State
    payload: Object
    result: Object | None
    required_capabilities: list[str]
    assigned_agent_id: UUID | None
    parent_id: UUID | None
    depth: Count
    retry_count: Count
    max_retries: Count
    attempt_count: Count
    ack_timeout: int
    lease_seconds: int
    due_at: Moment | None
    version: Count
    created_by_id: UUID | None
    created_at: Moment
    updated_at: Moment


class TaskPage(Answer):
    """`next` is the cursor of the page after this one; null when there is none."""

    tasks: list[Task]
    limit: int
    offset: int
    next: str | None


class TasksCreated(Answer):
    """In the order in which they were asked for."""

    tasks: list[Task]


class StateChanged(Answer):
    status: Literal["updated"]
    new_state: State


class TaskOverridden(Answer):
    status: Literal["overridden"]
    task_id: UUID
    new_decision: Object


class TaskEscalated(Answer):
    status: Literal["escalated"]
    task_id: UUID
    reason: str


class OpenEscalation(Answer):
    """Why and since when a person is asked for."""

    task_id: UUID
    level: int
    reason: str
    opened_at: Moment
    acknowledged_at: Moment | None


class EscalatedTask(Task):
    """A task that waits for a person as a whole."""

    escalation: OpenEscalation | None


class EscalationPage(Answer):
    escalations: list[EscalatedTask]
    next: str | None


class Event(Answer):
    """Something that happened. `position` is its place in the one order of all events."""

    id: UUID
    position: Count
    event_type: EventType
    entity_type: EntityType
    entity_id: UUID
    version: Count
    data: Object
    actor_kind: ActorKind
    actor_id: UUID | None
    actor_label: str
    user_id: UUID | None
    source: Source
    correlation_id: str
    traceparent: str
    created_at: Moment


class EventPage(Answer):
    """`next` is the position to go on from; null when there is no more for now."""

    events: list[Event]
    next: int | None


class RiskReason(Answer):
    """What raises (above 0) or lowers the predicted risk, by how much in log-odds, and in words."""

    feature: str
    says: str
    weight: float


class PendingDecision(Answer):
    """A proposal or a result that waits for a person, with what it is about and why it came here.

    `predicted_risk` is the probability that a person would correct it, by the version of the risk model that was live;
    null without one. `recalibrated_confidence` is what the stated one was worth by past verdicts.
    """

    id: UUID
    task_id: UUID
    agent_id: UUID | None
    decision_type: str
    confidence: Share | None
    rationale: str
    proposal: Object
    evidence: Object | None
    route: Route
    reason: str
    policy_version: int | None
    audit_probability: Share
    model_version: str
    predicted_risk: Share | None
    risk_reasons: list[RiskReason] | None
    recalibrated_confidence: Share | None
    due_at: Moment | None
    created_at: Moment
    title: str
    task_type: str
    priority: PriorityName
    payload: Object


class ReviewPage(Answer):
    reviews: list[PendingDecision]
    next: str | None


class Reviewed(Answer):
    """`proposal` is what stands: the person's version of an edit, else the agent's."""

    decision_id: UUID
    task_id: UUID
    status: DecisionStatus
    proposal: Object


class FeedbackGiven(Answer):
    status: Literal["recorded"]
    feedback_id: UUID
    task_id: UUID


class Example(Answer):
    """What somebody said of an agent's work. `content` is as it was told, or a verdict with what it was about."""

    id: UUID
    task_id: UUID
    decision_id: UUID | None
    feedback_type: FeedbackType
    content: Object
    created_at: Moment


class ExamplePage(Answer):
    """The oldest first; `next` is the cursor of the page after this one, null when there is none yet."""

    feedback: list[Example]
    next: UUID | None


class ReviewResult(Answer):
    status: int
    body: Annotated[Any, one_of("Reviewed", "Problem")]


class ReviewResults(Answer):
    """One entry for each verdict, in order."""

    results: list[ReviewResult]


class Policy(Answer):
    """A version of the review policy. A threshold of null always asks a person; that of the risk was found for
    `risk_model_version`.
    """

    version: int
    threshold: Share | None
    task_types: dict[str, Share | None]
    priorities: dict[str, Share | None]
    sample_share: Share
    review_seconds: int
    budget: BudgetName
    budget_value: Share | None
    risk_threshold: Share | None
    risk_model_version: str
    note: str
    is_active: bool
    created_by_id: UUID | None
    approved_by_id: UUID | None
    created_at: Moment


class PolicyPage(Answer):
    """The newest first. `next` is the `before` of the page after this one; null when there is none."""

    policies: list[Policy]
    next: Count | None


class PolicyDraft(Answer):
    """A policy that somebody proposes. `simulation` is of what it says now, or null."""

    id: UUID
    state: DraftState
    threshold: Share | None
    task_types: dict[str, Share | None]
    priorities: dict[str, Share | None]
    sample_share: Share
    review_seconds: int
    budget: BudgetName
    budget_value: Share | None
    risk_threshold: Share | None
    note: str
    simulation: Simulation | None
    simulated_at: Moment | None
    version: int | None
    created_by_id: UUID
    created_at: Moment


class PolicyDraftPage(Answer):
    """The newest first, without what simulations said."""

    drafts: list[PolicyDraft]
    next: str | None


class Stop(Answer):
    """What is stopped; in force until it is lifted."""

    id: UUID
    scope: StopScope
    agent_id: UUID | None
    task_type: str
    reason: str
    created_by_id: UUID | None
    created_at: Moment
    lifted_by_id: UUID | None
    lifted_at: Moment | None


class StopSet(Stop):
    """With how many tasks were taken from the agents that held them."""

    taken_back: Count


class StopPage(Answer):
    stops: list[Stop]
    limit: int
    next: str | None


class TaskCounts(Answer):
    total: Count
    escalated: Count


class AgentCounts(Answer):
    total: Count
    available: Count


class ModelCounts(Answer):
    total: Count
    active: Count


class JobCounts(Answer):
    pending: Count
    running: Count


class Stats(Answer):
    tasks: TaskCounts
    agents: AgentCounts
    models: ModelCounts
    training_jobs: JobCounts
