"""Tasks and what is decided about them, for operators. Every change goes through the services, as from the API."""

from __future__ import annotations

from decisions.admin import board
from decisions.admin.agents import WorkingAgentAdmin
from decisions.admin.attempts import AttemptAdmin, EscalationAdmin
from decisions.admin.comments import CommentAdmin
from decisions.admin.decisions import DecisionAdmin, FeedbackAdmin, ReviewAdmin
from decisions.admin.policies import PolicyDraftAdmin, ReviewPolicyAdmin
from decisions.admin.stops import StopAdmin
from decisions.admin.tasks import TaskAdmin

__all__ = [
    "AttemptAdmin",
    "CommentAdmin",
    "DecisionAdmin",
    "EscalationAdmin",
    "FeedbackAdmin",
    "PolicyDraftAdmin",
    "ReviewAdmin",
    "ReviewPolicyAdmin",
    "StopAdmin",
    "TaskAdmin",
    "WorkingAgentAdmin",
    "board",
]
