"""What the policy promises and what it brings: whether it is kept, and the hours that nobody had to work."""

from __future__ import annotations

from datetime import timedelta
from math import sqrt
from typing import NamedTuple

from agentic.clock import database_now
from agentic.positions import settled
from agentic.vocabulary import EventType
from decisions.past import times
from decisions.simulated import Figure
from decisions.simulation import HOUR, mean_of
from decisions.statistics import Z95
from decisions.unseen import DAYS
from oversight.kept import Kept
from oversight.selectors.promise import Promise, read_promise
from oversight.selectors.sample import sample

KEPT_SECONDS = 30.0


class Saved(NamedTuple):
    """`passed` decisions that nobody had to look at, exactly or by a sample of events; `hours` need times of reviews.

    `promise` is what the active policy allows, if it says so, beside what came of it.
    """

    passed: int
    exact: bool
    seconds: Figure
    hours: Figure | None
    promise: Promise | None


def read_saved() -> Saved:
    since = database_now() - timedelta(days=DAYS)
    kinds = (EventType.DECISION_AUTO_APPROVED,)
    found = sample(kinds, since=since, position=settled())
    seconds = mean_of(times(since))
    hours = hours_of(len(found.rows), found.step, seconds)
    passed = len(found.rows) * found.step
    return Saved(passed, found.step == 1, seconds, hours, read_promise())


def hours_of(read: int, step: int, seconds: Figure) -> Figure | None:
    """What as many reviews would have taken; the chance of the sample and that of the mean add up (delta method)."""
    if seconds.value is None:
        return None
    passed, mean = read * step, seconds.value
    of_sample = Z95 * sqrt(read) * step * mean if step > 1 else 0.0
    of_mean = passed * (seconds.high - mean)
    reach = sqrt(of_sample**2 + of_mean**2)
    low, high = max(0.0, passed * mean - reach), passed * mean + reach
    return Figure(value=passed * mean / HOUR, low=low / HOUR, high=high / HOUR, n=seconds.n)


saved: Kept[None, Saved] = Kept(lambda _: read_saved(), seconds=lambda _: KEPT_SECONDS)
