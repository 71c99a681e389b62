"""The calls about files of models, and about which version is live, as the API's document has them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from agentic.operations import Operation, Other, Query, limit
from agents.described import MORNING
from mlregistry import answers, shapes
from mlregistry.described import MODEL, MODEL_ID, PLACE
from mlregistry.formats import KEPT
from mlregistry.models import RequestStatus

REQUEST_ID, PERSON_ID = (
    "019a0e71-17f3-7a52-8c0d-3b1e9d4f6a21",
    "019a0e60-5d2a-7c33-9b7e-6f1a2c8d4e90",
)
GATE = [{"ok": True, "text": "auc is 0.912, at least 0.6 is asked"}]
OCTETS = "application/octet-stream"
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Text = Annotated[str, Meta(max_length=200)]
ASKED = {
    "id": REQUEST_ID, "model_id": MODEL_ID, "name": "review_risk", "version": "2026-11-22.1", "status": "open",
    "reason": "It saw the new agent.", "gate": GATE, "requested_by_id": PERSON_ID, "requested_at": MORNING,
    "decided_by_id": None, "decided_at": None, "answer": "",
}  # fmt: skip
LIVE = {
    "name": "review_risk", "version": "2026-11-22.1", "model_id": MODEL_ID, "activated_at": MORNING, "ended_at": None,
    "requested_by_id": PERSON_ID, "approved_by_id": PERSON_ID, "is_rollback": False,
}  # fmt: skip

ACTIVATE_MODEL = Operation(
    summary="Let a version of a model go live",
    about="The one that was live retires. `replaces` is the version that the caller saw live, null for none: of all "
    "who saw the same one wins, and the others get 409 with `live`, `{id, version}` or null. Without it, 409 only when "
    "another went live in the middle of the request. Of a model that decisions rest on (DECIDING_MODELS) this asks a "
    "second person: 202, or 409 with `gate` when the version does not show what it has to.",
    body=shapes.GoingLive,
    example={"replaces": "019a0e70-3b1c-7e0a-a4c2-6d5b9f0e8c77"},
    answer=answers.Activated,
    answered={"status": "activated", "model_id": MODEL_ID},
    others=(
        Other(
            202,
            "Asked for: a second person decides.",
            answers.ActivationRequested,
            {"status": "requested", "model_id": MODEL_ID, "request_id": REQUEST_ID, "gate": GATE},
        ),
    ),
)
LIST_REQUESTS = Operation(
    summary="List requests to let a version go live",
    query=(
        Query(name="status", type=RequestStatus, about="Only requests of this status."),
        Query(name="name", type=Text, about="Only requests about this model."),
        limit(100, 500),
        PLACE,
    ),
    answer=answers.ActivationRequestPage,
    answered={"requests": [ASKED], "limit": 100, "next": None},
)
APPROVE = Operation(
    summary="Agree that a version goes live",
    about="Somebody else than who asked for it; 403 else. The gate is asked again. 409 when the request is decided, "
    "when something else went live since it was made, or with `gate`.",
    body=shapes.Deciding,
    example={"reason": "Its figures hold."},
    answer=answers.Activated,
    answered={"status": "activated", "model_id": MODEL_ID},
)
REFUSE = Operation(
    summary="Refuse that a version goes live, or withdraw the request",
    about="409 when the request is decided.",
    body=shapes.Deciding,
    example={"reason": "Its examples are too few."},
    answer=answers.ActivationRequest,
    answered={**ASKED, "status": "refused", "decided_by_id": PERSON_ID, "decided_at": MORNING},
)
LIVE_MODELS = Operation(
    summary="What was live at a moment",
    about="Of one model, or of all by name.",
    query=(
        Query(name="at", type=Annotated[datetime, Meta(tz=True)], about="Now, when left out."),
        Query(name="name", type=Text, about="Only this model."),
        limit(100, 500),
        Query(name="cursor", type=Text, about="The `next` of the page before."),
    ),
    answer=answers.LivePage,
    answered={"at": MORNING, "models": [LIVE], "limit": 100, "next": None},
)
UPLOAD = Operation(
    summary="Give a version its file",
    about=f"The bytes as they are, with Content-Length and Content-Type {OCTETS}. Kept are {', '.join(KEPT)}, told by "
    "what is in the file: what runs code when it is read gets 415. A file is never replaced: 409 where there is one, "
    "and where the version names a training job. It is kept and handed out; the platform never loads it.",
    query=(
        Query(name="sha256", type=Sha256, about="400 unless this is what arrives."),
        Query(name="format", type=Text, about="400 unless this is what arrives."),
    ),
    takes=OCTETS,
    answer=answers.Model,
    answered={**MODEL, "format": "onnx", "sha256": "1c" * 32, "size": 48_112},
    errors=(409, 411),
)
DOWNLOAD = Operation(
    summary="Fetch the file of a version",
    about="As an attachment, compared with its SHA-256 before the first byte is sent; 409 when it was changed. The "
    "ETag is the SHA-256.",
    gives=OCTETS,
    errors=(409,),
)
