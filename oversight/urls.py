"""The pages. Their socket hangs in `agentic.asgi`."""

from __future__ import annotations

from django.urls import URLPattern, path

from oversight.asyncapi import asyncapi
from oversight.pages import (
    agent_actions,
    agents,
    audits,
    comments,
    escalations,
    events,
    model_version,
    models,
    notifications,
    policies,
    reviews,
    stops,
    task,
    task_actions,
    tasks,
    training,
    verdicts,
)
from oversight.pages.dashboard import dashboard
from oversight.pages.favicon import favicon

urlpatterns: list[URLPattern] = [
    path("dashboard", dashboard, name="dashboard"),
    path("reviews", reviews.reviews, name="reviews"),
    path("reviews/queue", reviews.review_queue, name="review_queue"),
    path("reviews/several", verdicts.ask_several, name="reviews_ask"),
    path("reviews/several/decide", verdicts.decide_several, name="reviews_decide"),
    path("reviews/<uuid:decision_id>", reviews.review, name="review"),
    path("reviews/<uuid:decision_id>/standing", reviews.review_standing, name="review_standing"),
    path("reviews/<uuid:decision_id>/reserve", reviews.reserve_review, name="review_reserve"),
    path("reviews/<uuid:decision_id>/release", reviews.release_review, name="review_release"),
    path(
        "reviews/<uuid:decision_id>/difference",
        reviews.review_difference,
        name="review_difference",
    ),
    path("reviews/<uuid:decision_id>/decide", verdicts.decide_review, name="review_decide"),
    path("reviews/<uuid:decision_id>/override", verdicts.override_review, name="review_override"),
    path("agents", agents.agents, name="agents"),
    path("agents/<uuid:agent_id>", agents.agent, name="agent"),
    path("agents/<uuid:agent_id>/status", agent_actions.set_agent_status, name="agent_status"),
    path("agents/<uuid:agent_id>/stop", agent_actions.stop_agent, name="agent_stop"),
    path("agents/<uuid:agent_id>/keys", agent_actions.issue_agent_key, name="agent_keys"),
    path(
        "agents/<uuid:agent_id>/keys/<uuid:key_id>/rotate",
        agent_actions.rotate_agent_key,
        name="agent_key_rotate",
    ),
    path(
        "agents/<uuid:agent_id>/keys/<uuid:key_id>/revoke",
        agent_actions.revoke_agent_key,
        name="agent_key_revoke",
    ),
    path("stops", stops.stop_work, name="stop_work"),
    path("stops/<uuid:stop_id>/lift", stops.lift, name="stop_lift"),
    path("notifications", notifications.notifications, name="notifications"),
    path("notifications/email", notifications.choose_own_email, name="notifications_email"),
    path("notifications/webhooks", notifications.add_own_webhook, name="notifications_webhooks"),
    path("notifications/roles", notifications.add_for_role, name="notifications_roles"),
    path(
        "notifications/<uuid:target_id>/topics",
        notifications.choose_topics,
        name="notifications_topics",
    ),
    path("notifications/<uuid:target_id>/test", notifications.send_test, name="notifications_test"),
    path(
        "notifications/<uuid:target_id>/remove",
        notifications.remove_target,
        name="notifications_remove",
    ),
    path("tasks", tasks.tasks, name="tasks"),
    path("tasks.csv", tasks.tasks_csv, name="tasks_csv"),
    path("tasks/<uuid:task_id>", task.task, name="task"),
    path("tasks/<uuid:task_id>/receipt", task.task_receipt, name="task_receipt"),
    path("tasks/<uuid:task_id>/comments", comments.task_comments, name="task_comments"),
    *task_actions.routes,
    path("escalations", escalations.escalations, name="escalations"),
    path("api/asyncapi", asyncapi, name="asyncapi"),
    path("models", models.models, name="models"),
    path("models/<path:name>", models.model, name="model"),
    path("model-versions/<uuid:model_id>", model_version.model_version, name="model_version"),
    path(
        "model-versions/<uuid:model_id>/artifact",
        model_version.model_artifact,
        name="model_artifact",
    ),
    path(
        "activation-requests/<uuid:request_id>/approve",
        model_version.activation_approve,
        name="activation_approve",
    ),
    path(
        "activation-requests/<uuid:request_id>/refuse",
        model_version.activation_refuse,
        name="activation_refuse",
    ),
    path("model-versions/<uuid:model_id>/activate", models.model_activate, name="model_activate"),
    path(
        "model-versions/<uuid:model_id>/roll-back", models.model_roll_back, name="model_roll_back"
    ),
    path("model-versions/<uuid:model_id>/retire", models.model_retire, name="model_retire"),
    path("training-jobs", training.training_jobs, name="training_jobs"),
    path("training-jobs/start", training.training_start, name="training_start"),
    path("training-jobs/<uuid:job_id>", training.training_job, name="training_job"),
    path("training-jobs/<uuid:job_id>/cancel", training.training_cancel, name="training_cancel"),
    path("policies", policies.policies, name="policies"),
    path("policies/new", policies.policy_new, name="policy_new"),
    path("policies/draft", policies.policy_draft_write, name="policy_draft_write"),
    path("policies/<int:version>/activate", policies.policy_activate, name="policy_activate"),
    path("policies/drafts/<uuid:draft_id>", policies.policy_draft, name="policy_draft"),
    path(
        "policies/drafts/<uuid:draft_id>/edit", policies.policy_draft_edit, name="policy_draft_edit"
    ),
    *(
        path(f"policies/drafts/<uuid:draft_id>/{name}", act, name=f"policy_draft_{name}")
        for name, act in policies.ACTS.items()
    ),
    path("events", events.event_log, name="event_log"),
    path("events/<int:position>", events.event, name="event"),
    path("audits", audits.audit_log, name="audit_log"),
    path("audits/check", audits.audit_check, name="audit_check"),
    path("audits/<int:number>", audits.audit, name="audit"),
    path("favicon/<int:number>.svg", favicon, name="favicon"),
]
