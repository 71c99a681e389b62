"""The risk of a decision, by the version of the risk model that is live: at once, or not at all."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

from decisions.assessments import Known
from decisions.learning.keeping import Keeper, NotReady
from decisions.learning.scorer import Scorer, read
from mlregistry.live_models import LiveModel

# The reason of a ruling has 300 characters, of which the longest name of a task type takes 100.
MOST_SAID = 60
logger = logging.getLogger(__name__)


class Risk(NamedTuple):
    """`value` is the probability that a person would correct it; without one, `missing` says why."""

    value: float | None = None
    reasons: Sequence[dict[str, Any]] = ()
    model_version: str = ""
    missing: str = ""


class InUse(NamedTuple):
    scorer: Scorer
    records: Keeper


def load(content: bytes) -> InUse:
    weights = read(content)
    scorer = Scorer(weights)
    return InUse(scorer, Keeper(scorer.book(), weights.known_until))


live = LiveModel("review_risk", load)
complained: set[str] = set()


def risk_of(known: Known, confidence: float | None) -> Risk:
    """`confidence` is the recalibrated one, where there is one. Whatever goes wrong: the policy has its thresholds."""
    try:
        return told(known, confidence)
    except NotReady as error:
        return Risk(missing=str(error))
    except Exception as error:  # noqa: BLE001 # a decision must not fail by what is thought of it
        complain(error)
        return Risk(missing="the risk model fails")


def told(known: Known, confidence: float | None) -> Risk:
    loaded = live.get()
    if loaded is None:
        return Risk(missing=live.missing[:MOST_SAID])
    scorer, records = loaded.model
    score = scorer.score(known, confidence, records.of(known))
    return Risk(score.risk, score.reasons, loaded.version)


def complain(error: Exception) -> None:
    """Once for each kind of error: decisions come by the thousand."""
    kind = type(error).__name__
    if kind not in complained:
        complained.add(kind)
        logger.error("the risk of a decision could not be told", exc_info=error)
