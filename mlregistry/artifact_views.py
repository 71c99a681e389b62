"""The file of a version by HTTP: bytes come in and go out a piece at a time, as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from agentic.acting import actor_of
from agentic.api import ApiView, about, choice_in_query, id_in_path, text_in_query
from agentic.errors import DomainError, Invalid, NotFound
from agentic.streaming import step_by_step
from mlregistry import artifacts, selectors
from mlregistry import described_going_live as described
from mlregistry.artifacts import HEX, PIECE, Unusable
from mlregistry.formats import KEPT
from mlregistry.models import RegisteredModel
from mlregistry.services.uploading import upload_artifact
from mlregistry.views import shown

ODD = re.compile(r"[^\w.-]+")


class LengthRequired(DomainError):
    """State the length of the file in Content-Length."""

    status = 411
    code = "length_required"


class FileUnusable(DomainError):
    """The file is not what was registered."""

    status = 409
    code = "file_unusable"


class Artifact(ApiView):
    rules = {"GET": "models.view", "PUT": "models.register"}
    operations = {"GET": described.DOWNLOAD, "PUT": described.UPLOAD}

    def get(self, request: Request, model_id: str) -> HttpResponseBase:
        model = selectors.read_model(id_in_path(model_id))
        if not model.sha256:
            raise NotFound("This version has no file.")
        return handed_out(request._request, model)

    def put(self, request: Request, model_id: str) -> Response:
        pk = id_in_path(model_id)
        with about(RegisteredModel.objects.filter(pk=pk)):
            said = {"sha256": sha256_in_query(request), "kind": kind_in_query(request)}
            length = length_of_body(request)
        model = upload_artifact(
            actor=actor_of(request), model_id=pk, pieces=arriving(request), length=length, **said
        )
        return Response(shown(model))


def headers_of(model: RegisteredModel) -> dict[str, str]:
    """To be kept, never to be shown: whatever is in it, no browser takes it for a page."""
    name = ODD.sub("-", f"{model.name}-{model.version}.{model.format}")
    return {
        "Content-Disposition": content_disposition_header(True, name) or "attachment",
        "Content-Length": str(model.size),
        "Content-Type": described.OCTETS,
        "X-Content-Type-Options": "nosniff",
        "ETag": tag_of(model),
    }


def tag_of(model: RegisteredModel) -> str:
    return f'"{model.sha256}"'


def handed_out(request: HttpRequest, model: RegisteredModel) -> HttpResponseBase:
    """All of the file is compared with its SHA-256 before the first byte goes out, from the file that is open then."""
    if request.headers.get("If-None-Match") == tag_of(model):
        return HttpResponse(status=304, headers={"ETag": tag_of(model)})
    with ExitStack() as stack:
        try:
            file = stack.enter_context(artifacts.checked(model.sha256))
        except Unusable as error:
            raise FileUnusable(f"The file cannot be handed out: {error}.") from error
        if request.method == "HEAD":
            return HttpResponse(headers=headers_of(model))
        parts = pieces(file, stack.pop_all())
    content: Any = step_by_step(parts) if isinstance(request, ASGIRequest) else parts
    return StreamingHttpResponse(content, headers=headers_of(model))


def pieces(file: Any, until: ExitStack) -> Iterator[Any]:
    with until:
        while piece := file.read(PIECE):
            yield piece


def arriving(request: Request) -> Iterator[bytes]:
    while piece := request._request.read(PIECE):
        yield piece


def length_of_body(request: Request) -> int:
    """As the sender states it."""
    if request.content_type.partition(";")[0].strip() != described.OCTETS:
        raise UnsupportedMediaType(request.content_type or "none")
    said = request.headers.get("Content-Length") or ""
    if not said.isdecimal():
        raise LengthRequired
    return int(said)


def sha256_in_query(request: Request) -> str:
    text = text_in_query(request, "sha256").lower()
    if text and not HEX.fullmatch(text):
        raise Invalid(sha256="64 hexadecimal digits")
    return text


def kind_in_query(request: Request) -> str:
    return choice_in_query(request, "format", [*KEPT])
