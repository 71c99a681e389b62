"""What a version has to show before decisions rest on it: MODEL_GATES, line by line, and a file that can be loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from agentic.errors import DomainError
from mlregistry import artifacts
from mlregistry.artifacts import Unusable
from mlregistry.gate_lines import Line, line_of
from mlregistry.models import RegisteredModel


class GateNotPassed(DomainError):
    """The version does not show what it has to."""

    status = 409
    code = "gate_not_passed"

    def __init__(self, lines: Sequence[Line]) -> None:
        failed = "; ".join(line.text for line in lines if not line.ok)
        super().__init__(f"The version does not pass its gate: {failed}.", gate=shown(lines))


def is_deciding(name: str) -> bool:
    """Whether the review policy decides by models of this name: then it takes two people."""
    return name in settings.DECIDING_MODELS


def held_against(model: RegisteredModel, live: RegisteredModel | None) -> list[Line]:
    """Every line of the gate, of the version as it is now against what is live now."""
    asked = settings.MODEL_GATES.get(model.name, ())
    before = live.metrics if live else None
    return [file_line(model), *(line_of(one, model.metrics, before) for one in asked)]


def pass_gate(model: RegisteredModel, live: RegisteredModel | None) -> list[Line]:
    """The lines; GateNotPassed unless each of them holds."""
    lines = held_against(model, live)
    if not all(line.ok for line in lines):
        raise GateNotPassed(lines)
    return lines


def refuse_unusable(model: RegisteredModel) -> None:
    """GateNotPassed for a file that no process would load; its metrics are not asked again."""
    line = file_line(model)
    if not line.ok:
        raise GateNotPassed([line])


def shown(lines: Sequence[Line]) -> list[dict[str, Any]]:
    return [line._asdict() for line in lines]


def file_line(model: RegisteredModel) -> Line:
    if model.training_job_id is None:
        return Line(False, "no training job of this platform made it: its file is never loaded")
    try:
        artifacts.check(model.sha256)
    except Unusable as error:
        return Line(False, str(error))
    return Line(True, "its file is as the training job wrote it")
