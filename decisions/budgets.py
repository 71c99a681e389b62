"""The risk from which on people look, found for a budget over past decisions.

The share of decisions that people can look at: the lowest threshold that asks them about no more. The error that is
acceptable among those that nobody looks at: the highest threshold up to which the upper end of its 95 % interval stays
within; what the model has learned from says nothing of it. That one is looked for from the safest on, and the search
ends where an interval first reaches further, so that many looks at the same verdicts do not find a threshold that is
good by chance. Where it begins follows from the number of verdicts alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import ceil
from typing import NamedTuple

import numpy

from decisions.estimates import Estimate
from decisions.models.policy import Budget
from decisions.past import Past
from decisions.policy import Policy
from decisions.trying import Asked, Seen, tried, verdicts_of

STEPS = 100
DIGITS, MOST_DIGITS = 3, 15
NO_RISKS = "none of the past decisions has a predicted risk: train review_risk and activate it"
NO_DECISIONS = "there are no past decisions yet"


class Rung(NamedTuple):
    """What would pass below a threshold of risk."""

    threshold: float
    passing: int
    seen: Seen


class Ladder:
    """The decisions that only the risk decides about, the safest first; what passes anyway stands below all of them."""

    def __init__(self, asked: Asked, past: Past) -> None:
        self.n = past.n
        passing = asked.passing & ~asked.by_risk
        self.passing = int(passing.sum())
        places = numpy.flatnonzero(asked.by_risk)
        places = places[numpy.argsort(past.risk[places], kind="stable")]
        self.risks = past.risk[places]
        # What the model has learned from says nothing of the error; what passes anyway comes first of all.
        base, fresh = numpy.flatnonzero(passing & past.fresh), places[past.fresh[places]]
        self.base, self.fresh_risks = len(base), past.risk[fresh]
        verdicts = verdicts_of(past.seen, past.judged, past.wrong)
        self.verdicts = verdicts._replace(kinds=verdicts.kinds[numpy.concatenate((base, fresh))])

    def rung(self, threshold: float) -> Rung:
        many, fresh = (
            int(numpy.searchsorted(risks, threshold, side="left"))
            for risks in (self.risks, self.fresh_risks)
        )
        return Rung(threshold, self.passing + many, self.verdicts.seen(slice(self.base + fresh)))

    def thresholds(self, steps: int) -> list[float]:
        """About so many, the lowest first: each lets as many more pass as any other."""
        wanted = numpy.linspace(0, len(self.risks) - 1, steps + 1).astype(int)
        found = [self.just_above(int(place)) for place in numpy.unique(wanted)]
        return sorted({one for one in found if one is not None})

    def just_above(self, place: int) -> float | None:
        """A threshold below which this one and all that are as risky pass; None where no threshold is that high."""
        risk = float(self.risks[place])
        riskier = int(numpy.searchsorted(self.risks, risk, side="right"))
        following = float(self.risks[riskier]) if riskier < len(self.risks) else 1.0
        between = (risk + following) / 2
        return between if risk < between else following if following > risk else None

    def to_people(self, passing: int, sample_share: float) -> float:
        return 1 - passing * (1 - sample_share) / self.n


class Found(NamedTuple):
    """A threshold, or why there is none."""

    threshold: float | None = None
    problem: str = ""


def ladder_of(policy: Policy, past: Past) -> Ladder:
    """As if the policy had a budget."""
    return Ladder(tried(replace(policy, risk_threshold=0.0), past), past)


def find(budget: str, value: float, policy: Policy, ladder: Ladder) -> Found:
    if not ladder.n:
        return Found(problem=NO_DECISIONS)
    if not len(ladder.risks):
        return Found(problem=NO_RISKS)
    if budget == Budget.SHARE:
        return for_share(value, policy.sample_share, ladder)
    return for_error(value, ladder)


def for_share(value: float, sample_share: float, ladder: Ladder) -> Found:
    if sample_share == 1:
        return Found(problem="with a sample of all, people look at everything")
    wanted = ceil((1 - value) * ladder.n / (1 - sample_share) - 1e-9) - ladder.passing
    if wanted <= 0:
        return Found(0.0)
    above = ladder.just_above(wanted - 1) if wanted <= len(ladder.risks) else None
    if above is None:
        least = ladder.to_people(ladder.passing + len(ladder.risks), sample_share)
        return Found(problem=f"the thresholds and the sample alone send {percent(least)} to people")
    return Found(above)


def for_error(value: float, ladder: Ladder) -> Found:
    best: Rung | None = None
    last: Rung | None = None
    for rung in enough(value, ladder):
        last = rung
        if rung.seen.error.high > value:
            break
        best = rung
    if best:
        return Found(best.threshold)
    return Found(problem=too_little(value, last, ladder))


def enough(value: float, ladder: Ladder) -> Iterator[Rung]:
    """From the first on that has so many verdicts that half of the accepted error could be shown to be within it."""
    begun = False
    for threshold in ladder.thresholds(STEPS):
        rung = ladder.rung(threshold)
        begun = begun or rung.seen.could_show(value)
        if begun:
            yield rung


def too_little(value: float, last: Rung | None, ladder: Ladder) -> str:
    if last is None:
        return (
            "of the decisions that would pass and that the model has not learned from, too few were judged to show an "
            f"error below {percent(value)}"
        )
    error = last.seen.error
    digits = digits_apart(error.high, value)
    return (
        f"even of the safest, {in_words(error, digits)} were wrong: that is not shown to be below "
        f"{percent(value, digits)}"
    )


def in_words(error: Estimate, digits: int = DIGITS) -> str:
    told, low, high = (percent(share or 0.0, digits) for share in error[:3])
    return f"{told} (95 % interval {low} to {high}, n = {error.n:,})"


def percent(share: float, digits: int = DIGITS) -> str:
    return f"{100 * share:.{digits}g} %"


def digits_apart(one: float, other: float) -> int:
    """As many as it takes to tell that the two are not the same, where they are not."""
    enough = (
        digits
        for digits in range(DIGITS, MOST_DIGITS)
        if percent(one, digits) != percent(other, digits)
    )
    return DIGITS if one == other else next(enough, MOST_DIGITS)
