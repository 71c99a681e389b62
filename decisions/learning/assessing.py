"""What the models that are live make of a decision: without a query of its own, and never in the way."""

from __future__ import annotations

from decisions.assessments import Assessment, Known
from decisions.learning.predictor import risk_of
from decisions.learning.recalibration import recalibrated


def assess(known: Known) -> Assessment:
    """First what the stated confidence is worth, which the risk then rests on."""
    worth = recalibrated(known)
    risk = risk_of(known, worth.confidence)
    return Assessment(
        worth.confidence, worth.basis, risk.value, risk.reasons, risk.model_version, risk.missing, worth.missing,
    )  # fmt: skip
