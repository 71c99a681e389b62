"""The registry of models as its pages show it: what is live of each name, versions beside each other, what was live."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, Max

from agentic.errors import NotFound
from mlregistry.models import Activation, RegisteredModel

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
    """`change` is against the first column, where both are numbers."""

    value: Any
    change: str


def compared(models: Sequence[RegisteredModel]) -> list[tuple[str, list[Cell]]]:
    """Metric by metric, with a value for each of these versions."""
    flat = [dict(flattened(model.metrics)) for model in models]
    names = sorted({name for metrics in flat for name in metrics})[:MOST_METRICS]
    return [
        (name, [cell(metrics.get(name), flat[0].get(name)) for metrics in flat]) for name in names
    ]


def flattened(metrics: Any, under: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """`{"test": {"f1": 0.9}}` as `test.f1`."""
    for name, value in metrics.items() if isinstance(metrics, dict) else ():
        path = f"{under}.{name}" if under else str(name)
        if isinstance(value, dict) and value and depth < DEEPEST:
            yield from flattened(value, path, depth + 1)
        else:
            yield path, value


def cell(value: Any, first: Any) -> Cell:
    if not (is_number(value) and is_number(first)) or value == first:
        return Cell(value, "")
    return Cell(value, f"{value - first:+.4g}")


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
