"""The tables of tasks and of what is decided about them."""

from __future__ import annotations

from decisions.models.decision import DECISIONS, Decision, Feedback, Review
from decisions.models.policy import PolicyDraft, ReviewPolicy
from decisions.models.stop import Stop, StopScope
from decisions.models.task import TASK_OVERRIDES, TASKS, Attempt, Comment, Escalation, Task

__all__ = [
    "DECISIONS",
    "TASKS",
    "TASK_OVERRIDES",
    "Attempt",
    "Comment",
    "Decision",
    "Escalation",
    "Feedback",
    "PolicyDraft",
    "Review",
    "ReviewPolicy",
    "Stop",
    "StopScope",
    "Task",
]
