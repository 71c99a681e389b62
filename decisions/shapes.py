"""What may be said to the decisions and the worker API, by name, type and bound."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import msgspec
from msgspec import Meta

from agents.shapes import BLANK, Shape, Word, Words
from decisions.models import StopScope
from decisions.models.decision import Verdict
from decisions.states import State

Title = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=10_000)]
Share = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[int, Meta(ge=1, le=7 * 24 * 3600)]
Retries = Annotated[int, Meta(ge=0, le=100)]
Wait = Annotated[float, Meta(ge=0, le=50)]
PriorityName = Literal["low", "medium", "high", "critical"]
ReasonName = Literal["", "wrong", "incomplete", "policy", "risk", "duplicate", "other"]
Moment = Annotated[datetime, Meta(tz=True)]
Object = dict[str, Any]
NOT_GIVEN = UUID(int=0)


class RetryPolicy(Shape):
    """After Temporal's RetryPolicy; times in seconds."""

    initial_interval: Annotated[float, Meta(gt=0, le=3600)] = 1.0
    backoff_coefficient: Annotated[float, Meta(ge=1, le=10)] = 2.0
    maximum_interval: Annotated[float, Meta(gt=0, le=24 * 3600)] | None = None
    non_retryable_error_types: Words = []


class NewTask(Shape):
    title: Title
    description: Text = ""
    task_type: Word = "default"
    priority: PriorityName = "medium"
    payload: Object = {}
    assigned_agent_id: UUID | None = None
    required_capabilities: Words = []
    max_retries: Retries | None = None
    ack_timeout: Seconds | None = None
    lease_seconds: Seconds | None = None
    retry_policy: RetryPolicy = msgspec.field(default_factory=RetryPolicy)


class NewTasks(Shape):
    tasks: Annotated[list[NewTask], Meta(min_length=1, max_length=500)]


class StateChange(Shape):
    state: State
    metadata: Object = {}


class Override(Shape):
    reason: Annotated[str, Meta(min_length=1, max_length=10_000)]
    new_decision: Object
    metadata: Object = {}


class EscalationRequest(Shape):
    reason: Text = ""


class NewStop(Shape):
    """`agent_id` goes with the scope `agent`, `task_type` with the scope `task_type`."""

    scope: StopScope
    reason: Annotated[str, Meta(min_length=1, max_length=1000)]
    agent_id: UUID | None = None
    task_type: Word | None = None


class Lifting(Shape):
    reason: Annotated[str, Meta(min_length=1, max_length=1000)]


def told(**bounds: Any) -> Meta:
    """Bounds for the API's document; the service keeps them, as the admin site says the same through it."""
    return Meta(extra_json_schema=bounds)


Threshold = Annotated[float, told(minimum=0, maximum=1)] | None


class NewPolicy(Shape):
    """Said as a whole: a rule that is left out would fall back to something that nobody chose."""

    threshold: Threshold
    task_types: Annotated[
        dict[str, Threshold],
        told(maxProperties=200, propertyNames={"pattern": rf"^[^{BLANK},]{{1,100}}\Z"}),
    ]
    priorities: Annotated[
        dict[str, Threshold], told(propertyNames={"enum": [*get_args(PriorityName)]})
    ]
    sample_share: Annotated[float, told(minimum=0, maximum=1)]
    review_seconds: Annotated[int, told(minimum=1, maximum=90 * 24 * 3600)]
    note: Annotated[str, told(maxLength=300)] = ""


BudgetName = Literal["", "share", "error"]


class NewDraft(NewPolicy):
    """As a policy, with a budget: how much of all people can look at, or what may be wrong of what nobody looks at."""

    budget: BudgetName = ""
    budget_value: Annotated[float, told(exclusiveMinimum=0, maximum=1)] | None = None
    risk_threshold: Threshold = None


class Publishing(Shape):
    """`simulated_at` of the draft as it was looked at: what has changed since is not published."""

    simulated_at: Moment


class Nothing(Shape):
    """A body that says nothing."""


class ReviewRequest(Shape):
    verdict: Verdict
    reason_code: ReasonName = ""
    reason: Text = ""
    proposal: Object | None = None
    seconds_spent: Annotated[float, Meta(ge=0, le=24 * 3600)] | None = None


class ReviewOf(ReviewRequest, kw_only=True):
    decision_id: UUID


class FeedbackRequest(Shape):
    """`rating` goes with user_rating, `correct` with outcome_result, `metric` and `value` with performance_metric."""

    feedback_type: Literal["user_rating", "outcome_result", "performance_metric"]
    rating: Annotated[int, Meta(ge=1, le=5)] | None = None
    correct: bool | None = None
    metric: Word | None = None
    value: Annotated[float, Meta(ge=-1e300, le=1e300)] | None = None
    comment: Text = ""
    decision_id: UUID | None = None


class Reviews(Shape):
    reviews: Annotated[list[ReviewOf], Meta(min_length=1, max_length=500)]


# The worker API. Each call's tag is its name, so that a batch can mix them.


class Claim(Shape):
    max_tasks: Annotated[int, Meta(ge=1, le=100)] = 1
    wait_seconds: Wait = 25
    task_types: Words | None = None


class Call(Shape, tag_field="op"):
    lease_token: UUID
    task_id: UUID = NOT_GIVEN  # in a batch here, in a single call in the address


class Ack(Call, tag="ack"):
    start: bool = False


class Start(Call, tag="start"):
    pass


class Heartbeat(Call, tag="heartbeat"):
    progress: Share | None = None
    message: Annotated[str, Meta(max_length=500)] | None = None
    checkpoint: Object | None = None


class Propose(Call, tag="propose", kw_only=True):
    proposal: Object
    decision_type: Word = "action"
    confidence: Share | None = None
    rationale: Text = ""
    evidence: Object | None = None


class Complete(Call, tag="complete", kw_only=True):
    result: Object
    confidence: Share | None = None
    rationale: Text = ""
    evidence: Object | None = None


class ErrorReport(Shape):
    type: Annotated[str, Meta(min_length=1, max_length=200)]
    message: Text = ""


class Fail(Call, tag="fail", kw_only=True):
    error: ErrorReport
    retryable: bool = True


class Release(Call, tag="release"):
    reason: Annotated[str, Meta(max_length=500)] = ""


class Suspend(Call, tag="suspend"):
    checkpoint: Object | None = None
    until: Literal["time", "decision", "children"] = "time"
    resume_after: Annotated[float, Meta(ge=0, le=30 * 24 * 3600)] = 0


class Delegate(Shape):
    lease_token: UUID
    title: Title
    task_type: Word = "default"
    payload: Object = {}
    description: Text = ""
    priority: PriorityName | None = None
    required_capabilities: Words = []
    agent_id: UUID | None = None
    key: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    wait_seconds: Wait = 0


AnyCall = Ack | Start | Heartbeat | Propose | Complete | Fail | Release | Suspend


class Batch(Shape):
    operations: Annotated[
        list[Annotated[AnyCall, Meta(extra_json_schema={"required": ["op", "task_id"]})]],
        Meta(min_length=1, max_length=500),
    ]
