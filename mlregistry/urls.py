"""Under /api/v1/."""

from __future__ import annotations

from django.urls import path

from mlregistry import views

urlpatterns = [
    path("admin/models", views.Models.as_view()),
    path("admin/models/<str:model_id>/activate", views.Activate.as_view()),
    path("admin/training-jobs", views.TrainingJobs.as_view()),
]
