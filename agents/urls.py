"""Under /api/v1/."""

from __future__ import annotations

from django.urls import path

from agents import views

urlpatterns = [
    path("admin/agents", views.Agents.as_view()),
    path("admin/agents/<str:agent_id>", views.OneAgent.as_view()),
    path("admin/agents/<str:agent_id>/status", views.Status.as_view()),
    path("admin/agents/<str:agent_id>/keys", views.Keys.as_view()),
    path("admin/agents/<str:agent_id>/keys/<str:key_id>/rotate", views.KeyRotation.as_view()),
    path("admin/agents/<str:agent_id>/keys/<str:key_id>/revoke", views.KeyRevocation.as_view()),
]
