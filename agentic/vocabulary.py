"""Every kind of event there is, with a sentence for each. The database refuses any other."""

from __future__ import annotations

from django.db import models


class EntityType(models.TextChoices):
    TASK = "task", "a task"
    AGENT = "agent", "an agent"
    DECISION = "decision", "a decision"
    POLICY = "policy", "a review policy"
    MODEL = "model", "a model"
    TRAINING_JOB = "training_job", "a training job"
    STOP = "stop", "a stop of agents"


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
    TASK_COMMENTED = "task.commented", "A person noted something on the task."
    TASK_FEEDBACK_GIVEN = "task.feedback_given", "Somebody told how the task turned out."
    TASK_ESCALATION_ACKNOWLEDGED = (
        "task.escalation_acknowledged",
        "A person has seen the escalation.",
    )
    TASK_ESCALATION_ASSIGNED = (
        "task.escalation_assigned",
        "A person takes care of the escalation.",
    )
    DECISION_PROPOSED = "decision.proposed", "An agent's decision waits for a person."
    DECISION_RESERVED = "decision.reserved", "A person is looking at the decision."
    DECISION_RELEASED = "decision.released", "A person put the decision back, undecided."
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
    POLICY_DRAFT_CHANGED = (
        "policy.draft_changed",
        "A draft of the review policy was written, changed, tried, published or put aside.",
    )
    MODEL_REGISTERED = "model.registered", "A version of a model was entered into the registry."
    MODEL_ACTIVATED = "model.activated", "A version of a model went live."
    MODEL_RETIRED = "model.retired", "A version of a model is no longer live."
    MODEL_ACTIVATION_REQUESTED = (
        "model.activation_requested",
        "Somebody asked for a version to go live; a second person decides.",
    )
    MODEL_ACTIVATION_REFUSED = "model.activation_refused", "The version does not go live."
    MODEL_UNUSABLE = (
        "model.unusable",
        "The live version could not be loaded: the policy goes by its thresholds.",
    )
    TRAINING_REQUESTED = "training.requested", "A training job waits for a worker."
    TRAINING_STARTED = "training.started", "A worker took the job."
    TRAINING_TAKEN_UP = "training.taken_up", "Its worker fell silent; another one took the job."
    TRAINING_PROGRESSED = "training.progressed", "The job told how far it is."
    TRAINING_COMPLETED = "training.completed", "The job made a model."
    TRAINING_FAILED = "training.failed", "The job ended with an error."
    TRAINING_CANCELLED = "training.cancelled", "A person called the job off."
    STOP_SET = "stop.set", "A person stopped an agent, a type of task, or everything."
    STOP_LIFTED = "stop.lifted", "A person let work go on."


class AuditAction(models.TextChoices):
    SIGNED_IN = "sign_in.succeeded", "Somebody signed in."
    SIGN_IN_FAILED = "sign_in.failed", "A sign-in was refused."
    SIGN_IN_LOCKED = "sign_in.locked", "An account or an address was locked out for a while."
    SIGN_IN_UNLOCKED = "sign_in.unlocked", "An operator ended a lock-out before its time."
    SIGNED_OUT = "sign_in.ended", "Somebody signed out."
    SIGN_IN_REVOKED = (
        "sign_in.revoked",
        "A sign-in was ended: a refresh token was used twice, or an operator did it.",
    )
    REFUSED = "access.refused", "A caller asked for what they may not do."
    USER_CREATED = "user.created", "An account was made."
    USER_CHANGED = "user.changed", "An account was changed."
    ROLES_CHANGED = "user.roles_changed", "Somebody was given other roles."
    PASSWORD_CHANGED = "user.password_changed", "A password was set."
    IDENTITY_LINKED = "user.identity_linked", "An identity at a provider was linked to an account."
    AGENT_REGISTERED = "agent.registered", "An agent was entered into the registry."
    AGENT_CHANGED = "agent.changed", "An agent's limits or capabilities were changed."
    AGENT_STATUS_SET = "agent.status_set", "An operator set an agent's status."
    AGENT_PAUSED = "agent.paused", "The platform paused an agent that went past its limits."
    KEY_ISSUED = "agent.key_issued", "A credential was made."
    KEY_ROTATED = "agent.key_rotated", "A credential was replaced."
    KEY_REVOKED = "agent.key_revoked", "A credential was revoked."
    POLICY_PUBLISHED = "policy.published", "A new review policy took effect."
    POLICY_ACTIVATED = "policy.activated", "An earlier review policy took effect again."
    POLICY_DRAFTED = "policy.drafted", "Somebody proposed a review policy."
    POLICY_DRAFT_CLOSED = "policy.draft_closed", "A proposed review policy was put aside."
    MODEL_REGISTERED = "model.registered", "A version of a model was entered into the registry."
    MODEL_UPLOADED = "model.uploaded", "The file of a model was uploaded."
    MODEL_ACTIVATION_REQUESTED = (
        "model.activation_requested",
        "Somebody asked for a version to go live.",
    )
    MODEL_ACTIVATION_REFUSED = (
        "model.activation_refused",
        "A second person refused, or the asker withdrew.",
    )
    MODEL_ACTIVATED = "model.activated", "A version of a model went live."
    MODEL_ROLLED_BACK = "model.rolled_back", "An earlier version of a model went live again."
    MODEL_RETIRED = "model.retired", "A version of a model was taken out of service."
    TRAINING_REQUESTED = "training.requested", "A training job was asked for."
    TRAINING_CANCELLED = "training.cancelled", "A training job was called off."
    TASK_MOVED = "task.moved", "A person moved a task by hand."
    TASK_OVERRIDDEN = "task.overridden", "A person decided in an agent's place."
    TASK_ESCALATED = "task.escalated", "A person handed a task to a person."
    STOP_SET = "stop.set", "The kill switch was thrown."
    STOP_LIFTED = "stop.lifted", "The kill switch was put back."
    NOTIFICATIONS_CHANGED = (
        "notifications.changed",
        "Somebody changed who is told of escalations and overdue reviews, and where.",
    )
    EXPORTED = "data.exported", "Data left the platform as a file."
    SEEDED = "data.seeded", "Synthetic tasks, and all that hangs on them, were written."
