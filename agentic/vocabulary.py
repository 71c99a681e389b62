"""Every kind of event there is, with a sentence for each. The database refuses any other."""

from __future__ import annotations

from django.db import models


class EntityType(models.TextChoices):
    TASK = "task", "a task"
    AGENT = "agent", "an agent"
    DECISION = "decision", "a decision"
    POLICY = "policy", "a review policy"


class EventType(models.TextChoices):
    TASK_CREATED = "task.created", "A task was accepted."
    TASK_ASSIGNED = "task.assigned", "An agent was given a lease on the task."
    TASK_ACKED = "task.acked", "The agent confirmed that it has the task."
    TASK_STARTED = "task.started", "The agent began to work."
    TASK_COMPLETED = "task.completed", "The agent handed in a result, or a person did."
    TASK_VERIFIED = "task.verified", "The result stands: the policy or a person accepted it."
    TASK_OVERRIDDEN = "task.overridden", "A person decided in the agent's place."
    TASK_FAILED = "task.failed", "The attempt failed; a retry or a person follows."
    TASK_RETRIED = "task.retried", "The task went back to the queue and used up a retry."
    TASK_REJECTED = (
        "task.rejected",
        "A reviewer rejected the result; the task went back to the queue.",
    )
    TASK_RESPONDED = "task.responded", "A reviewer answered with text; the agent works on with it."
    TASK_RELEASED = "task.released", "The agent gave the task back."
    TASK_SUSPENDED = (
        "task.suspended",
        "The agent paused the task, to go on later from a checkpoint.",
    )
    TASK_REQUEUED = "task.requeued", "A person put the task back into the queue."
    TASK_ESCALATED = "task.escalated", "The task needs a person."
    TASK_CANCELLED = "task.cancelled", "The task was called off."
    DECISION_PROPOSED = "decision.proposed", "An agent's decision waits for a person."
    DECISION_AUTO_APPROVED = "decision.auto_approved", "The review policy let the decision pass."
    DECISION_APPROVED = "decision.approved", "A person approved the decision."
    DECISION_EDITED = "decision.edited", "A person approved the decision with changes."
    DECISION_REJECTED = "decision.rejected", "A person rejected the decision."
    DECISION_RESPONDED = "decision.responded", "A person answered the decision with text."
    DECISION_OVERRIDDEN = (
        "decision.overridden",
        "A person decided something else for the whole task.",
    )
    DECISION_EXPIRED = "decision.expired", "The task moved on before anybody decided."
    AGENT_REGISTERED = "agent.registered", "An agent was entered into the registry."
    AGENT_AVAILABLE = "agent.available", "The agent takes work."
    AGENT_BUSY = "agent.busy", "The agent keeps what it has and takes no more."
    AGENT_OFFLINE = "agent.offline", "The agent went silent or was taken offline."
    AGENT_MAINTENANCE = "agent.maintenance", "An operator took the agent out of service."
    AGENT_CHANGED = "agent.changed", "The agent's capabilities or limits changed."
    AGENT_KEY_ISSUED = "agent.key_issued", "A credential was made for the agent."
    AGENT_KEY_REVOKED = "agent.key_revoked", "A credential of the agent was revoked."
    POLICY_ACTIVATED = "policy.activated", "A version of the review policy took effect."
