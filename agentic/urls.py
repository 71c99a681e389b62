"""Every address. Each part names its own; here stands where they hang."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from agentic import audit_view, documents, sign_in, sign_in_pages, views
from agentic.admin import own_password
from agentic.oidc import api as oidc_api
from agentic.oidc import pages as oidc_pages

handler400 = "agentic.views.bad_request"
handler403 = "agentic.views.forbidden"
handler404 = "agentic.views.not_found"
handler500 = "agentic.views.server_error"

api: list[URLPattern | URLResolver] = [
    path("auth/token", sign_in.Token.as_view()),
    path("auth/token/refresh", sign_in.Refresh.as_view()),
    path("auth/logout", sign_in.Logout.as_view()),
    path("auth/me", sign_in.Me.as_view()),
    path("auth/oidc/config", oidc_api.Config.as_view()),
    path("auth/oidc/callback", oidc_api.Callback.as_view()),
    path("admin/audits", audit_view.Audits.as_view()),
    path("", include("agents.urls")),
    path("", include("mlregistry.urls")),
    path("", include("decisions.urls")),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("health", views.alive),
    path("healthz", views.alive),
    path("readyz", views.ready, name="readyz"),
    path("api/docs", documents.docs, name="docs"),
    path("api/schema", documents.schema, name="schema"),
    path("api/v1/", include(api)),
    path("sign-in", sign_in_pages.sign_in, name="sign_in"),
    path("sign-out", sign_in_pages.sign_out, name="sign_out"),
    path("oidc/begin", oidc_pages.Begin.as_view(), name="oidc_begin"),
    path("oidc/callback", oidc_pages.Callback.as_view(), name="oidc_callback"),
    # Before the admin site's own: there is one way in, and one way out.
    path("admin/login/", sign_in_pages.admin_sign_in),
    path("admin/logout/", sign_in_pages.sign_out),
    # Django's short cut to the page of a row on the site: no row of ours has one, and odd ids break it.
    path("admin/r/<path:anywhere>", views.nowhere),
    path("admin/password_change/", admin.site.admin_view(own_password)),
    path("admin/", admin.site.urls),
    path("", include("oversight.urls")),
]
