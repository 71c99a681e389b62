"""A policy on past decisions, all at once: whom it asks, what it lets pass, and what is known of that."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy

from decisions.estimates import Estimate, Group, could_show, wrong_among
from decisions.models.task import Priority
from decisions.past import Past
from decisions.policy import DEFAULT, Limit, Policy, limits, strictest

# A threshold that nothing reaches, and one that everything does.
ALWAYS, NEVER = 2.0, -1.0
# Of each decision: not judged, right, or wrong.
KINDS = 3


class Asked(NamedTuple):
    """Whom a policy asks whatever their risk is, and whom only the risk decides about; all others pass."""

    forced: Any
    by_risk: Any

    @property
    def passing(self) -> Any:
        """What passes as long as no risk is too high."""
        return ~self.forced


def tried(policy: Policy, past: Past) -> Asked:
    """As `decisions.policy.doubts` has it, for arrays."""
    every, named = thresholds(policy, past)
    if policy.risk_threshold is None:
        return Asked(below(past, every), numpy.zeros(past.n, bool))
    is_scored = ~numpy.isnan(past.risk)
    forced = numpy.where(is_scored, below(past, named), below(past, every))
    return Asked(forced, is_scored & ~forced)


def asks(policy: Policy, past: Past) -> Any:
    """Whom the policy asks a person about; the draw for the audit sample is apart."""
    asked = tried(policy, past)
    if policy.risk_threshold is None:
        return asked.forced
    return asked.forced | asked.by_risk & (past.risk >= policy.risk_threshold)


def thresholds(policy: Policy, past: Past) -> tuple[Any, Any]:
    """The strictest threshold of each that applies, and of those alone that are set for its type or its priority."""
    types, of_type = numpy.unique(past.task_types.astype(str), return_inverse=True)
    kinds, of_kind = numpy.unique(of_type * len(Priority) + past.priority, return_inverse=True)
    found = [
        limits(policy, str(types[kind // len(Priority)]), Priority(kind % len(Priority)).label)
        for kind in kinds.tolist()
    ]
    every = numpy.array([strictest_of(applies) for applies in found], float)
    named = numpy.array([strictest_of(without_default(applies)) for applies in found], float)
    return every[of_kind], named[of_kind]


def without_default(applies: list[Limit]) -> list[Limit]:
    return [limit for limit in applies if limit[1] != DEFAULT]


def strictest_of(applies: list[Limit]) -> float:
    if not applies:
        return NEVER
    threshold, _ = strictest(applies)
    return ALWAYS if threshold is None else threshold


def below(past: Past, threshold: Any) -> Any:
    """Whoever states no confidence is below any threshold that there is."""
    unstated = numpy.isnan(past.confidence)
    doubted = unstated | (numpy.nan_to_num(past.worth) < threshold)
    return (threshold > NEVER) & ((threshold >= ALWAYS) | doubted)


def telling(policy: Policy, past: Past) -> Any:
    """Of which the error can be told: a model knows what it has learned from better than what is to come."""
    return numpy.ones(past.n, bool) if policy.risk_threshold is None else past.fresh


class Seen(NamedTuple):
    """What people said of decisions, by the probability with which each was to be seen: nothing, right, or wrong."""

    silent: Any
    right: Any
    wrong: Any

    @property
    def error(self) -> Estimate:
        """The share of wrong ones among such decisions, also those that are still to come."""
        return wrong_among(self.groups())

    def could_show(self, accepted: float) -> bool:
        """Whether there are so many verdicts that half of the accepted error would be shown to be within it."""
        return could_show(accepted, self.groups())

    def groups(self) -> list[Group]:
        judged = self.right + self.wrong
        counts = zip(
            (self.silent + judged).tolist(), judged.tolist(), self.wrong.tolist(), strict=True
        )
        return [Group(*each) for each in counts if each[0]]


class Verdicts(NamedTuple):
    """A number for each decision, KINDS for each probability with which it was to be seen; so many numbers in all."""

    kinds: Any
    many: int

    def seen(self, chosen: Any) -> Seen:
        counts = numpy.bincount(self.kinds[chosen], minlength=self.many)
        return Seen(*counts.reshape(-1, KINDS).T)


def verdicts_of(probability: Any, judged: Any, wrong: Any) -> Verdicts:
    probabilities, alike = numpy.unique(probability, return_inverse=True)
    kinds = KINDS * alike + judged + (judged & wrong)
    return Verdicts(kinds, KINDS * len(probabilities))


def seen_among(past: Past, chosen: Any) -> Seen:
    return verdicts_of(past.seen, past.judged, past.wrong).seen(chosen)
