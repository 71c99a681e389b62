"""What is filled in to ask for a training job: by the same rules as the API's body."""

from __future__ import annotations

import json
from typing import Any

from django.http import QueryDict

from agentic.errors import Invalid
from agentic.parsing import decode
from mlregistry.shapes import NewTrainingJob


def job_said(said: QueryDict) -> NewTrainingJob:
    asked: dict[str, Any] = {
        "model_name": said.get("model_name", "").strip(),
        "trainer": said.get("trainer", ""),
        "agent_id": said.get("agent_id") or None,
        "seed": seed_said(said.get("seed", "")),
        "config": config_said(said.get("config", "")),
    }
    return decode(json.dumps(asked).encode(), NewTrainingJob)


def seed_said(text: str) -> int:
    if text and not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise Invalid(seed="a whole number from 0 on")
    return int(text or 0)


def config_said(text: str) -> Any:
    """Whatever JSON stands there: the shape says that it has to be an object, and how deep it may be."""
    try:
        return json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        raise Invalid(config="not valid JSON") from error
