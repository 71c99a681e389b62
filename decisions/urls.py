"""Addresses of tasks, decisions, events and the worker API, below /api/v1/."""

from __future__ import annotations

from django.urls import path

from decisions import shapes
from decisions.described import worker as described
from decisions.views import (
    drafts,
    events,
    feedback,
    policies,
    reliability,
    reviews,
    stops,
    tasks,
    worker,
)

CALLS = {
    "ack": shapes.Ack,
    "start": shapes.Start,
    "heartbeat": shapes.Heartbeat,
    "propose": shapes.Propose,
    "complete": shapes.Complete,
    "fail": shapes.Fail,
    "release": shapes.Release,
    "suspend": shapes.Suspend,
}

urlpatterns = [
    path("decisions/task", tasks.CreateTask.as_view()),
    path("decisions/tasks", tasks.Tasks.as_view()),
    path("decisions/task/<str:task_id>", tasks.ShowTask.as_view()),
    path("decisions/task/<str:task_id>/state", tasks.TaskState.as_view()),
    path("decisions/task/<str:task_id>/override", tasks.OverrideTask.as_view()),
    path("decisions/task/<str:task_id>/escalate", tasks.EscalateTask.as_view()),
    path("decisions/task/<str:task_id>/feedback", feedback.GiveFeedback.as_view()),
    path("decisions/escalations", tasks.Escalations.as_view()),
    path("decisions/events", events.Events.as_view()),
    path("decisions/reviews", reviews.Reviews.as_view()),
    path("decisions/decision/<str:decision_id>/review", reviews.ReviewDecision.as_view()),
    path("admin/policy", policies.ActivePolicy.as_view()),
    path("admin/policies", policies.Policies.as_view()),
    path("admin/policies/<str:version>/activate", policies.ActivatePolicy.as_view()),
    path("admin/policy-drafts", drafts.Drafts.as_view()),
    path("admin/policy-drafts/<str:draft_id>", drafts.OneDraft.as_view()),
    path("admin/policy-drafts/<str:draft_id>/simulate", drafts.SimulateDraft.as_view()),
    path("admin/policy-drafts/<str:draft_id>/publish", drafts.PublishDraft.as_view()),
    path("admin/policy-drafts/<str:draft_id>/close", drafts.CloseDraft.as_view()),
    path("admin/agents/<str:agent_id>/calibration", reliability.AgentCalibration.as_view()),
    path("admin/stats", tasks.Stats.as_view()),
    path("admin/stops", stops.Stops.as_view()),
    path("admin/stops/<str:stop_id>/lift", stops.LiftStop.as_view()),
    path("worker/register", worker.Register.as_view()),
    path("worker/sign-off", worker.SignOff.as_view()),
    path("worker/claim", worker.ClaimTasks.as_view()),
    path("worker/batch", worker.BatchCalls.as_view()),
    path("worker/feedback", feedback.WorkerFeedback.as_view()),
    path("worker/decisions/<str:decision_id>", worker.WorkerDecision.as_view()),
    *(
        path(
            f"worker/tasks/<str:task_id>/{name}",
            worker.TaskCall.as_view(shape=shape, operations={"POST": described.CALLS[name]}),
        )
        for name, shape in CALLS.items()
    ),
    path("worker/tasks/<str:task_id>/delegate", worker.DelegateTask.as_view()),
]
