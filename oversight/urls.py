"""The pages. Their socket hangs in `agentic.asgi`."""

from __future__ import annotations

from django.urls import URLPattern, path

from oversight.pages.favicon import favicon

urlpatterns: list[URLPattern] = [
    path("favicon/<int:number>.svg", favicon, name="favicon"),
]
