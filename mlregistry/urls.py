"""Under /api/v1/."""

from __future__ import annotations

from django.urls import path

from mlregistry import activation_views, artifact_views, views

urlpatterns = [
    path("admin/models", views.Models.as_view()),
    path("admin/models/live", activation_views.Live.as_view()),
    path("admin/models/<str:model_id>", views.OneModel.as_view()),
    path("admin/models/<str:model_id>/activate", activation_views.Activate.as_view()),
    path("admin/models/<str:model_id>/artifact", artifact_views.Artifact.as_view()),
    path("admin/activation-requests", activation_views.Requests.as_view()),
    path("admin/activation-requests/<str:request_id>/approve", activation_views.Approve.as_view()),
    path("admin/activation-requests/<str:request_id>/refuse", activation_views.Refuse.as_view()),
    path("admin/training-jobs", views.TrainingJobs.as_view()),
    path("admin/training-jobs/<str:job_id>", views.OneTrainingJob.as_view()),
    path("admin/training-jobs/<str:job_id>/cancel", views.CancelTrainingJob.as_view()),
]
