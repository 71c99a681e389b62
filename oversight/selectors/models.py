"""The registry of models as its pages show it: what is live of each name, versions beside each other, what was live."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, Max

from agentic.errors import NotFound
from mlregistry import artifacts
from mlregistry.artifacts import Unusable
from mlregistry.cards import Figure, figure_of
from mlregistry.models import Activation, ActivationRequest, RegisteredModel, RequestStatus
from mlregistry.selectors import is_overtaken

PAGE = 50
MOST_COMPARED, COMPARED = 6, 3
MOST_ACTIVATIONS = 50
MOST_METRICS = 60
DEEPEST = 3
Metrics = dict[str, Any]


class Shelf(NamedTuple):
    """All versions of one name, and the one that is live."""

    name: str
    versions: int
    newest_at: datetime
    live: Activation | None


def shelves(after: str) -> list[Shelf]:
    """By name, those after this one; one more than a page when there are more."""
    named = RegisteredModel.objects.filter(name__gt=after).order_by("name").values("name")
    rows = list(named.annotate(versions=Count("pk"), newest_at=Max("created_at"))[: PAGE + 1])
    on = Activation.objects.filter(ended_at=None, name__in=[row["name"] for row in rows])
    live = {one.name: one for one in on.select_related("model", "requested_by")}
    return [Shelf(**row, live=live.get(row["name"])) for row in rows]


def versions(name: str, before: UUID | None) -> list[RegisteredModel]:
    """The newest first, those before this one; NotFound when there is no such model."""
    found = RegisteredModel.objects.filter(name=name).order_by("-id")
    if before:
        found = found.filter(pk__lt=before)
    rows = list(found.select_related("created_by", "agent", "training_job")[: PAGE + 1])
    if not rows and not before:
        raise NotFound("There is no such model.")
    return rows


def whole_version(model_id: UUID) -> RegisteredModel:
    found = RegisteredModel.objects.select_related("created_by", "agent", "training_job")
    try:
        return found.get(pk=model_id)
    except RegisteredModel.DoesNotExist as error:
        raise NotFound("There is no such model.") from error


def times_of(model: RegisteredModel) -> list[Activation]:
    """When this version was live, the newest first."""
    rows = Activation.objects.filter(model=model).order_by("-number")
    return list(rows.select_related("model", "requested_by", "approved_by")[:MOST_ACTIVATIONS])


class Waiting(NamedTuple):
    """Waits for a second person, who can approve it unless it is overtaken."""

    asked: ActivationRequest
    is_overtaken: bool


def waiting(name: str = "") -> list[Waiting]:
    """Of one name, or of all."""
    rows = ActivationRequest.objects.filter(status=RequestStatus.OPEN).order_by("-id")
    named = rows.filter(name=name) if name else rows
    found = list(named.select_related("model", "requested_by")[:PAGE])
    on = RegisteredModel.objects.filter(name__in=[one.name for one in found], is_active=True)
    live = {model.name: model for model in on}
    return [Waiting(one, is_overtaken(one, live.get(one.name))) for one in found]


def waiting_of(name: str) -> Waiting | None:
    return next(iter(waiting(name)), None)


class FileState(NamedTuple):
    """`said` is what is wrong with the file; empty where nothing is, or where there is none."""

    is_there: bool
    said: str


def file_state(model: RegisteredModel) -> FileState:
    """All of the file is read for it."""
    if not model.sha256:
        return FileState(False, "")
    try:
        artifacts.check(model.sha256)
    except Unusable as error:
        return FileState(True, str(error))
    return FileState(True, "")


def activations(name: str) -> list[Activation]:
    """What was live, the newest first."""
    rows = Activation.objects.filter(name=name).order_by("-number")
    people = ("requested_by", "approved_by")
    return list(rows.select_related("model", "restores__model", *people)[:MOST_ACTIVATIONS])


def chosen(
    name: str, wanted: Sequence[str], live: Activation | None, newest: Sequence[RegisteredModel]
) -> list[RegisteredModel]:
    """What is compared: what was asked for, else the live version and the newest; the live one stands first."""
    if wanted:
        asked = RegisteredModel.objects.filter(name=name, version__in=wanted[:MOST_COMPARED])
        rows = list(asked.order_by("-id"))
    else:
        rows = [one for one in newest if not one.is_active][: COMPARED - bool(live)]
        rows += [live.model] if live else []
    return sorted(rows, key=lambda one: not one.is_active)


class Cell(NamedTuple):
    """`change` is against the first column, where both are numbers; `figure` has the interval and n, where told."""

    value: Any
    change: str
    figure: Figure | None = None


def compared(models: Sequence[RegisteredModel]) -> list[tuple[str, list[Cell]]]:
    """Metric by metric, with a value for each of these versions."""
    flat = [dict(flattened(model.metrics)) for model in models]
    names = sorted({name for metrics in flat for name in metrics})[:MOST_METRICS]
    return [
        (name, [cell(metrics.get(name), flat[0].get(name)) for metrics in flat]) for name in names
    ]


def flattened(metrics: Any, under: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """`{"test": {"f1": 0.9}}` as `test.f1`, and what has an interval as a figure."""
    for name, value in metrics.items() if isinstance(metrics, dict) else ():
        path = f"{under}.{name}" if under else str(name)
        if isinstance(value, dict) and (found := figure_of(value)):
            yield path, found
        elif isinstance(value, dict) and value and depth < DEEPEST:
            yield from flattened(value, path, depth + 1)
        else:
            yield path, value


def cell(said: Any, first: Any) -> Cell:
    value, before = value_of(said), value_of(first)
    is_other = is_number(value) and is_number(before) and value != before
    figure = said if isinstance(said, Figure) else None
    return Cell(value, f"{value - before:+.4g}" if is_other else "", figure)


def value_of(said: Any) -> Any:
    return said.value if isinstance(said, Figure) else said


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
