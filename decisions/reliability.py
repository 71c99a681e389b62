"""How far an agent's confidence can be relied on: as it was stated, and as it was recalibrated before anybody looked.

Of its newest decisions that people saw. The doubtful ones are seen more often than others: each counts for as many as
it stands for, 1 / the probability with which it was seen. What nobody saw is not taken for right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import numpy

from decisions.calibration import Bin, Calibration, in_bins, measure
from decisions.judgements import WHAT_WAS_SAID
from decisions.learning.recalibration import live
from decisions.models import Decision
from decisions.models.decision import Route
from decisions.states import CORRECTED, JUDGED

MOST = 1_000
TO_PEOPLE = (Route.PERSON, Route.SAMPLE)


class Seen(NamedTuple):
    """A decision that went to people, whether they have judged it or not."""

    route: str
    said: str
    confidence: float | None
    recalibrated: float | None
    probability: float
    task_type: str

    @property
    def is_judged(self) -> bool:
        return self.said in JUDGED

    @property
    def is_right(self) -> bool:
        return self.said not in CORRECTED

    @property
    def weight(self) -> float:
        return 1 / self.probability if self.route == Route.SAMPLE and self.probability else 1.0


class Compared(NamedTuple):
    """The same decisions, by what was stated and by what that was worth when they were made."""

    before: Calibration
    after: Calibration
    bins: list[Bin]


class Basis(NamedTuple):
    """What its confidence is worth rests on `n` verdicts on this agent or, pooled, on all of them.

    Without a calibration `missing` says why.
    """

    version: str = ""
    basis: str = ""
    n: int = 0
    missing: str = ""


class Reliability(NamedTuple):
    """`stated` and `bins` are of all that came with a confidence; `compared` of those that were recalibrated too."""

    stated: Calibration | None
    bins: list[Bin]
    compared: Compared | None
    drawn: int  # at random, of those that `stated` rests on


def seen_of(agent_id: UUID, task_type: str = "") -> list[Seen]:
    """The newest of those that went to people."""
    rows = Decision.objects.filter(agent=agent_id, route__in=TO_PEOPLE).order_by("-created_at")
    if task_type:
        rows = rows.filter(task__task_type=task_type)
    fields = (
        "route", WHAT_WAS_SAID, "confidence", "recalibrated_confidence", "audit_probability", "task__task_type",
    )  # fmt: skip
    return list(map(Seen._make, rows.values_list(*fields)[:MOST]))


def reliability_of(seen: Sequence[Seen]) -> Reliability:
    judged = [one for one in seen if one.is_judged and one.confidence is not None]
    stated, right, weights = arrays(judged, "confidence")
    return Reliability(
        measure(stated, right, weights),
        in_bins(stated, right, weights),
        compared([one for one in judged if one.recalibrated is not None]),
        sum(one.route == Route.SAMPLE for one in judged),
    )


def compared(judged: Sequence[Seen]) -> Compared | None:
    before = measure(*arrays(judged, "confidence"))
    worth = arrays(judged, "recalibrated")
    after = measure(*worth)
    return Compared(before, after, in_bins(*worth)) if before and after else None


def arrays(judged: Sequence[Seen], name: str) -> tuple[Any, Any, Any]:
    return (
        numpy.array([getattr(one, name) for one in judged], float),
        numpy.array([one.is_right for one in judged], float),
        numpy.array([one.weight for one in judged], float),
    )


def basis_of(agent_id: UUID, task_type: str = "") -> Basis:
    """By the version that is live in this process."""
    loaded = live.get()
    if loaded is None:
        return Basis(missing=live.missing)
    nearest, basis = loaded.model.of(str(agent_id), task_type)
    return Basis(loaded.version, basis, nearest.n)
