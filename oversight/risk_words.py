"""What a policy with a budget has to do with the model whose risks it goes by, where the two do not fit."""

from __future__ import annotations

from decisions.learning.predictor import live
from decisions.models import ReviewPolicy
from decisions.policy import Policy
from mlregistry.models import RegisteredModel


def misfit(policy: ReviewPolicy | Policy) -> str:
    """Empty where the threshold of risk holds as it was found."""
    if policy.risk_threshold is None:
        return ""
    loaded = live.get()
    if loaded is None:
        return f"No risk is told, as {live.missing}: the thresholds of confidence hold now."
    if loaded.version == policy.risk_model_version:
        return ""
    return f"{found_for(policy)}, and version {loaded.version} is live: simulate a new draft."


def misfit_with(model: RegisteredModel, policy: Policy) -> str:
    """What whoever lets this version go live must know."""
    if model.name != live.name or policy.risk_threshold is None:
        return ""
    if model.version == policy.risk_model_version:
        return ""
    return f"{found_for(policy)}, not for this one: simulate a new draft of it as soon as this one is live."


def found_for(policy: ReviewPolicy | Policy) -> str:
    said = policy.risk_model_version
    whose = f"version {said}" if said else "no version that is known"
    return f"The threshold of risk of policy version {policy.version} was found for {whose} of {live.name}"
