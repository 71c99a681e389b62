"""Where a labelled example comes from: what its decision rested on when it was made, and how it came to be seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from decisions.models.decision import Route

RESTED_ON = (
    "route", "policy_version", "model_version", "predicted_risk", "recalibrated_confidence",
)  # fmt: skip
# What must be read of a decision for it.
PROVENANCE = (*RESTED_ON, "audit_probability")


def rested_on(decision: Mapping[str, Any]) -> dict[str, Any]:
    """All of it None where an agent had proposed nothing."""
    return {name: decision.get(name) for name in RESTED_ON}


def seen_with(decision: Mapping[str, Any]) -> float | None:
    """The probability with which a person was shown it: 1 where the policy asked for one, else that of the draw."""
    if decision.get("route") == Route.PERSON:
        return 1.0
    probability: float | None = decision.get("audit_probability")
    return probability
