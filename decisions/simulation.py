"""Any draft of the review policy, replayed over past decisions: whom it asks, what it lets pass, and what that costs.

Intervals are Wilson's for shares, put together of those of each group where decisions were drawn; of times, those of
the mean of what reviewers' work took (normal approximation), carried on to the hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from math import sqrt
from typing import Any

import numpy

from decisions.budgets import Found, Ladder, digits_apart, find, in_words, ladder_of, percent
from decisions.estimates import LEAST_SAMPLE, Estimate
from decisions.models.policy import Budget
from decisions.past import DAYS, Past
from decisions.policy import Policy
from decisions.simulated import Figure, Outcome, Point, Simulation
from decisions.statistics import Z95, wilson
from decisions.trying import asks, seen_among, telling

HOUR = 3600
POINTS = 40
FEW_DECISIONS = 200
FEW_JUDGED = 100
# With fewer drawn in the time that an estimate speaks of, it says little.
FEW_DRAWN = 50
NOBODY_CAN_TELL = "from then on nobody can tell how much of it is wrong."


@dataclass(frozen=True, slots=True)
class Wanted:
    """A draft: its rules, and the budget that its threshold of risk is found for."""

    policy: Policy
    budget: str = ""
    value: float = 0.0


def simulate(draft: Wanted, past: Past, *, active: Policy) -> Simulation:
    """Beside what the active policy would make of the same decisions."""
    ladder = ladder_of(draft.policy, past) if draft.budget else None
    found = threshold_of(draft, ladder)
    policy = replace(draft.policy, risk_threshold=found.threshold)
    seconds = mean_of(past.seconds)
    passing = None if found.problem else ~asks(policy, past)
    outcome = None if passing is None else outcome_of(policy, passing, past, seconds)
    beside = outcome_of(active, ~asks(active, past), past, seconds)
    return Simulation(
        decisions=past.n,
        since=past.since,
        until=past.until,
        model_version=past.model_version,
        scored=past.scored,
        risk_threshold=found.threshold,
        found=bool(draft.budget) and draft.policy.risk_threshold is None,
        problem=found.problem,
        seconds_per_review=seconds,
        draft=outcome,
        active=beside,
        hours_saved=hours(beside.unseen, outcome.unseen, seconds) if outcome else None,
        curve=curve(draft.policy, ladder) if ladder and ladder.n else [],
        warnings=[
            *warnings(draft, past, outcome, seconds),
            *of_missing(draft, past, True if passing is None else passing),
            *of_learned(draft, past),
        ],
    )


def threshold_of(draft: Wanted, ladder: Ladder | None) -> Found:
    """As it was said, or as the budget allows."""
    if ladder is None or draft.policy.risk_threshold is not None:
        return Found(draft.policy.risk_threshold)
    return find(draft.budget, draft.value, draft.policy, ladder)


def outcome_of(policy: Policy, passing: Any, past: Past, seconds: Figure) -> Outcome:
    many, drawn = int(passing.sum()), float(passing.sum() * policy.sample_share)
    to_people, unseen = past.n - many + drawn, many - drawn
    seen = seen_among(past, passing & telling(policy, past))
    return Outcome(
        to_people=share_of(to_people, past.n),
        asked=past.n - many,
        drawn=drawn,
        unseen=unseen,
        error=figure(seen.error),
        **known(past, passing),
        hours=hours(to_people, 0.0, seconds),
        hours_saved=hours(past.n, to_people, seconds),
    )


def known(past: Past, passing: Any) -> dict[str, int]:
    """What became of those that pass, each counted once. Whatever says that one is wrong holds."""
    wrong = past.judged & past.wrong | (past.outcome == 0)
    right = (past.judged | (past.outcome == 1)) & ~wrong
    rest = passing & ~right & ~wrong
    counted = {
        "right": passing & right,
        "wrong": passing & wrong,
        "pending": rest & past.pending,
        "no_verdict": rest & past.to_people & ~past.pending,
        "never_seen": rest & ~past.to_people,
    }
    return {name: int(chosen.sum()) for name, chosen in counted.items()}


def figure(estimate: Estimate) -> Figure:
    return Figure(value=estimate.value, low=estimate.low, high=estimate.high, n=estimate.n)


def share_of(part: float, n: int) -> Figure:
    low, high = wilson(part, n)
    return Figure(value=part / n if n else None, low=low, high=high, n=n)


def mean_of(seconds: Any) -> Figure:
    """What a review takes. One alone says nothing of how much they differ."""
    if len(seconds) < 2:
        return Figure(value=None, low=0.0, high=float(HOUR), n=len(seconds))
    mean = float(seconds.mean())
    reach = Z95 * float(seconds.std(ddof=1)) / sqrt(len(seconds))
    return Figure(value=mean, low=max(0.0, mean - reach), high=mean + reach, n=len(seconds))


def hours(more: float, less: float, seconds: Figure) -> Figure | None:
    """What so many reviews more take; below 0 they are fewer."""
    if seconds.value is None:
        return None
    low, high = sorted((more - less) * each / HOUR for each in (seconds.low, seconds.high))
    return Figure(value=(more - less) * seconds.value / HOUR, low=low, high=high, n=seconds.n)


def curve(policy: Policy, ladder: Ladder) -> list[Point]:
    if not len(ladder.risks):
        return []
    return [point(threshold, policy, ladder) for threshold in [0.0, *ladder.thresholds(POINTS)]]


def point(threshold: float, policy: Policy, ladder: Ladder) -> Point:
    rung = ladder.rung(threshold)
    error = rung.seen.error if rung.passing else Estimate(None, 0.0, 1.0, 0)
    return Point(
        threshold=threshold,
        to_people=ladder.to_people(rung.passing, policy.sample_share),
        error=error.value,
        low=error.low,
        high=error.high,
        n=error.n,
    )


def warnings(draft: Wanted, past: Past, outcome: Outcome | None, seconds: Figure) -> list[str]:
    """What whoever publishes it must know."""
    told = of_sample(draft.policy, past, outcome) + of_past(past)
    if draft.budget and past.scored < past.n:
        told.append(
            f"{past.n - past.scored:,} of {past.n:,} decisions have no predicted risk: for them the thresholds hold."
        )
    if seconds.value is None:
        told.append("The times of reviews were not recorded: hours cannot be told.")
    return told + (doubts(draft, past, outcome) if outcome else [])


def of_sample(policy: Policy, past: Past, outcome: Outcome | None) -> list[str]:
    share = policy.sample_share
    if not share:
        return [f"No sample of what passes would go to people: {NOBODY_CAN_TELL}"]
    if share < LEAST_SAMPLE:
        return [
            f"A sample of {percent(share)} of what passes is as good as none: {NOBODY_CAN_TELL}"
        ]
    if outcome is None or not outcome.unseen:
        return []
    days = max(past.until - past.since, timedelta.resolution) / timedelta(days=DAYS)
    drawn = outcome.drawn / days
    few = f"The sample would draw about {drawn:,.0f} in {DAYS} days: too few to tell much of what nobody sees."
    return [few] if drawn < FEW_DRAWN else []


def of_past(past: Past) -> list[str]:
    if past.are_cut:
        return [
            f"It is tried on the newest {past.n:,} decisions, which were made since {past.since:%F %R} UTC: not on all "
            f"of the last {DAYS} days."
        ]
    few = f"There are only {past.n:,} past decisions to try it on."
    return [few] if 0 < past.n < FEW_DECISIONS else []


def of_missing(draft: Wanted, past: Past, passing: Any) -> Iterator[str]:
    """Those without a verdict may be other than those with one: whatever waits for long is the harder case."""
    went = past.to_people & passing & (past.fresh | (not draft.budget))
    for group, members in (
        ("were drawn for the audit sample", went & (past.seen < 1)),
        ("people were asked about", went & (past.seen == 1)),
    ):
        many, judged = int(members.sum()), int((members & past.judged).sum())
        if judged < many / 2:
            yield (
                f"Of {many:,} that would pass and that {group}, only {judged:,} were judged. The error is told as if "
                "the others were like these, and may be anything where there are none: judge more, and simulate again."
            )


def of_learned(draft: Wanted, past: Past) -> list[str]:
    judged, fresh = int(past.judged.sum()), int((past.judged & past.fresh).sum())
    if not draft.budget or judged == fresh:
        return []
    few = ", which are too few to tell much" if fresh < FEW_JUDGED else ""
    return [
        f"Version {past.model_version} has learned from {judged - fresh:,} of the {judged:,} decisions that people "
        f"judged. The error rests on the {fresh:,} that were made later{few}; all other figures rest on all."
    ]


def doubts(draft: Wanted, past: Past, outcome: Outcome) -> list[str]:
    told = of_hidden(draft, past)
    accepted = draft.budget == Budget.ERROR and outcome.error.high > draft.value
    if accepted:
        error = Estimate(*(getattr(outcome.error, name) for name in Estimate._fields))
        digits = digits_apart(error.high, draft.value)
        told.append(
            f"The error among what nobody sees is not shown to be below {percent(draft.value, digits)}: "
            f"{in_words(error, digits)}."
        )
    over = outcome.to_people.value or 0.0
    if draft.budget == Budget.SHARE and over > draft.value + 1e-9:
        digits = digits_apart(over, draft.value)
        told.append(
            f"{percent(over, digits)} would go to people: more than {percent(draft.value, digits)}."
        )
    return told


def of_hidden(draft: Wanted, past: Past) -> list[str]:
    hidden = int(numpy.count_nonzero((past.seen == 0) & (past.fresh | (not draft.budget))))
    if not hidden:
        return []
    return [
        f"{hidden:,} decisions passed while there was no audit sample: they may be right or wrong, and the interval "
        "says so."
    ]
