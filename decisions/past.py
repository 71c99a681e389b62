"""Past decisions as arrays, for policies to be tried on them: what was known of each, and what people said of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import numpy
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from agentic.clock import database_now
from agentic.ids import first_id_at
from decisions.judgements import WHAT_WAS_SAID
from decisions.learning import recalibration
from decisions.learning.data_set import (
    CHUNK,
    KNOWN,
    moment_of,
    numbers,
    read_history,
    rows_of,
    sized,
)
from decisions.learning.examples import Rows
from decisions.learning.predictor import InUse, live
from decisions.learning.record import as_of
from decisions.learning.worths import worth_of
from decisions.models import Decision, Feedback, Review
from decisions.models.decision import FeedbackType, Route
from decisions.states import CORRECTED, JUDGED, DecisionStatus

DAYS, MOST = 30, 100_000
MOST_TIMES = 5_000
PENDING = frozenset({DecisionStatus.PENDING})
KEPT = ("pk", "predicted_risk", "route", "audit_probability", "said")


class Past(NamedTuple):
    """Decisions, an entry of each array for each.

    `worth` is the confidence that counts: the recalibrated one, else the stated one. `seen` is the probability with
    which it was to go to people, and `to_people` says that it did; `pending` that it waits there still, `judged` that
    they said whether it was right, and `wrong` that it was not. `outcome` is 1 for what was told afterwards to be
    right, and 0 for wrong. `fresh` were made after all that the model of the risk has learned from. What is not there
    is NaN.

    They are all that were made since `since`, or the newest of these where they `are_cut`.
    """

    task_types: Any
    priority: Any
    confidence: Any
    worth: Any
    risk: Any
    seen: Any
    to_people: Any
    pending: Any
    judged: Any
    wrong: Any
    outcome: Any
    fresh: Any
    seconds: Any  # of reviews that people gave their time with
    since: datetime
    until: datetime
    model_version: str = ""
    are_cut: bool = False

    @property
    def n(self) -> int:
        return len(self.risk)

    @property
    def scored(self) -> int:
        return int((~numpy.isnan(self.risk)).sum())


def read_past() -> Past:
    """The newest of the last 30 days, as the live models see them; where there is none, as it was kept."""
    until = database_now()
    since = until - timedelta(days=DAYS)
    kept: list[Sequence[Any]] = []
    rows = worth_now(rows_of(sized(known(newest(since), kept))))
    pks, risk, route, probability, said = columns(kept)
    to_people, are_cut = texts(route) != Route.AUTO, len(kept) == MOST
    loaded = live.get()
    confidence = rows.confidence
    return Past(
        rows.task_types,
        rows.priority,
        confidence,
        numpy.where(numpy.isnan(rows.worth), confidence, rows.worth),
        risk_of(rows, loaded.model) if loaded and len(kept) else numbers(risk),
        numpy.where(texts(route) == Route.PERSON, 1.0, numpy.array(probability, float)),
        to_people,
        among(said, PENDING),
        to_people & among(said, JUDGED),
        among(said, CORRECTED),
        outcomes(pks, since),
        rows.at > (loaded.model.scorer.weights.learned_until if loaded else 0),
        times(since),
        moment_of(int(rows.at.min())) if are_cut else since,
        until,
        loaded.version if loaded else "",
        are_cut,
    )


def newest(since: datetime) -> QuerySet[Decision]:
    """Ids go by time; those that are older than their ids say are left out."""
    found = Decision.objects.filter(created_at__gt=since).order_by("-pk")
    return found.annotate(proposed=Cast("proposal", TextField()), said=WHAT_WAS_SAID)


def known(found: QuerySet[Decision], kept: list[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """What models go by, one at a time: proposals may be large. What a policy needs besides goes into `kept`."""
    rows = found.values_list("proposed", *KNOWN, *KEPT)[:MOST]
    for row in rows.iterator(CHUNK):
        kept.append(row[-len(KEPT) :])
        yield row[: -len(KEPT)]


def columns(kept: list[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    return list(zip(*kept, strict=True)) or [()] * len(KEPT)


def texts(values: Sequence[str]) -> Any:
    return numpy.array(values, dtype=object)


def among(values: Sequence[str], wanted: frozenset[Any]) -> Any:
    return numpy.array([value in wanted for value in values], bool)


def outcomes(pks: Sequence[UUID], since: datetime) -> Any:
    """Of each decision the newest that was told."""
    told = Feedback.objects.filter(
        pk__gte=first_id_at(since),
        feedback_type=FeedbackType.OUTCOME_RESULT,
        decision__isnull=False,
    )
    newest = told.order_by("-pk").values_list("decision_id", "content__correct")[:MOST]
    found = dict(list(newest)[::-1])
    return numbers([found.get(pk) for pk in pks])


def worth_now(rows: Rows) -> Rows:
    """With what each stated confidence is worth by the live calibration."""
    loaded = recalibration.live.get()
    if loaded is None:
        return rows
    worth = worth_of(loaded.model, rows.agents, rows.task_types, rows.confidence)
    return rows._replace(worth=worth)


def risk_of(rows: Rows, model: InUse) -> Any:
    """By what was known when each was made; a verdict that came later says nothing of it."""
    return model.scorer.score_many(rows, as_of(rows, read_history()))


def times(since: datetime) -> Any:
    timed = Review.objects.filter(created_at__gt=since, seconds_spent__isnull=False)
    newest = timed.order_by("-created_at").values_list("seconds_spent", flat=True)
    return numpy.array(newest[:MOST_TIMES], float)
