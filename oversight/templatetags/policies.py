"""Shares of a policy, as exact as they were said, and whether it fits a version of a model."""

from __future__ import annotations

from django import template

from decisions.policy import active
from mlregistry.models import RegisteredModel
from oversight.risk_words import misfit, misfit_with
from oversight.words import percent_in_words

register = template.Library()
register.filter("share_percent", percent_in_words)
register.filter("misfit", misfit)


@register.filter
def misfit_of_policy(model: RegisteredModel) -> str:
    """With the active policy."""
    return misfit_with(model, active.get())
