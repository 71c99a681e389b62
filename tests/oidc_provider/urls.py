"""The provider's addresses: its own login, and a word on who is signed in there."""

from __future__ import annotations

from django.contrib.auth.views import LoginView
from django.http import HttpRequest, JsonResponse
from django.urls import include, path


def who(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"signed_in": request.user.get_username()})


urlpatterns = [
    path("login", LoginView.as_view(template_name="provider_login.html")),
    path("who", who),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
]
