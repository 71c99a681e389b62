"""The small picture in the browser's tab, with the number of what waits."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

MOST = 99


@require_safe
@cache_control(max_age=86_400, public=True)
def favicon(request: HttpRequest, number: int) -> HttpResponse:
    text = str(number) if number <= MOST else f"{MOST}+"
    return render(request, "oversight/favicon.svg", {"text": text}, content_type="image/svg+xml")
