"""The API's document for programs, and the same as a page for people; neither asks another host for anything."""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

import msgspec
from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from drf_spectacular.renderers import OpenApiYamlRenderer

from agentic.openapi import document

drawing = threading.Lock()
JSON, YAML = "application/json", "application/yaml"
KINDS = [JSON, "application/vnd.oai.openapi+json", YAML, "application/vnd.oai.openapi"]
# Swagger UI writes styles into its page, and draws small pictures out of its style sheet.
SWAGGER_UI = {
    "default-src": [SELF],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
    "object-src": [NONE],
    "base-uri": [NONE],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
}


@require_safe
@vary_on_headers("Accept")
def schema(request: HttpRequest) -> HttpResponse:
    """As JSON, or as YAML for who prefers that, by `Accept` or by `?format=yaml`."""
    kind = request.get_preferred_type(KINDS) or JSON
    if request.GET.get("format") == "yaml":
        kind = YAML
    return HttpResponse(rendered(kind), content_type=kind)


def rendered(kind: str) -> bytes:
    """What draws the document keeps its work in the module: one thread at a time, and once."""
    with drawing:
        return drawn(kind)


@cache
def drawn(kind: str) -> bytes:
    if kind.endswith("json"):
        return msgspec.json.encode(document())
    renderer: Any = OpenApiYamlRenderer()
    content: bytes = renderer.render(document(), renderer_context={})
    return content


@require_safe
@csp_replace(SWAGGER_UI)
def docs(request: HttpRequest) -> HttpResponse:
    return render(request, "api_docs.html")
