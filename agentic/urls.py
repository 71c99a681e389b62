"""Every address. Each part names its own; here stands where they hang."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from agentic import sign_in, views

handler400 = "agentic.views.bad_request"
handler403 = "agentic.views.forbidden"
handler404 = "agentic.views.not_found"
handler500 = "agentic.views.server_error"

api: list[URLPattern | URLResolver] = [
    path("auth/token", sign_in.Token.as_view()),
    path("auth/me", sign_in.Me.as_view()),
    path("", include("agents.urls")),
    path("", include("decisions.urls")),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("health", views.alive),
    path("healthz", views.alive),
    path("readyz", views.ready, name="readyz"),
    path("api/docs", views.docs, name="docs"),
    path("api/v1/", include(api)),
    path("admin/", admin.site.urls),
    path("", include("oversight.urls")),
]
