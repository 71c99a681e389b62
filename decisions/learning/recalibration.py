"""What a stated confidence is worth, by past verdicts on its agent, or on all where its own are too few."""

from __future__ import annotations

import logging
from typing import NamedTuple

from decisions.assessments import Known
from decisions.learning.maps import read
from mlregistry.live_models import LiveModel

live = LiveModel("calibration", read)
complained: set[str] = set()
logger = logging.getLogger(__name__)


class Worth(NamedTuple):
    """`basis` is agent or pooled; without a calibration `confidence` is None. `missing`: why one that is live fails."""

    confidence: float | None = None
    basis: str = ""
    missing: str = ""


NOTHING = Worth()


def recalibrated(known: Known) -> Worth:
    """Whatever goes wrong: the policy goes by the stated confidence, and says so."""
    if known.confidence is None:
        return NOTHING
    try:
        return told(str(known.agent_id), known.task_type, known.confidence)
    except Exception as error:  # noqa: BLE001 # a decision must not fail by what its confidence is worth
        complain(error)
        return Worth(missing="the calibration fails")


def told(agent: str, task_type: str, confidence: float) -> Worth:
    loaded = live.get()
    if loaded is None:
        return Worth(missing="the calibration is unusable" if live.is_broken else "")
    nearest, basis = loaded.model.of(agent, task_type)
    return Worth(nearest.of(confidence), basis)


def complain(error: Exception) -> None:
    """Once for each kind of error: decisions come by the thousand."""
    kind = type(error).__name__
    if kind not in complained:
        complained.add(kind)
        logger.error("what a confidence is worth could not be told", exc_info=error)
