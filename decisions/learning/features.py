"""What the risk of a decision is read from: pure functions of what is known before its verdict.

Each is written once, for one decision as for arrays of many, so that what was learned and what is scored cannot differ.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy

from decisions.models.task import Priority

Array = Any  # of floats, one for each decision; or one float
OTHER = "other"
# In the order of their weights. Each is about 1 wide by nature: none is scaled by what the examples happen to be.
PLAIN = (
    "doubt", "unstated", "worth_less", "agent_record", "agent_verdicts", "type_record", "type_verdicts", "attempt",
    "size", "hour_sin", "hour_cos", "weekend",
)  # fmt: skip
PRIORITIES = tuple(Priority.labels)
# A stated confidence of 0 or 1 is no more than this.
SUREST = 0.995
# So many verdicts on an agent weigh as much as what is known of all of them.
PRIOR_VERDICTS, PRIOR_SHARE = 5.0, 0.2
DAY, HOUR = 86_400, 3_600
# Years began on a Thursday in 1970.
THURSDAY, SATURDAY = 3, 5


class Tally(NamedTuple):
    """Of `n` verdicts. `wrong` and `seen` are weighted: one that was drawn with probability p stands for 1 / p."""

    wrong: Array = 0.0
    seen: Array = 0.0
    n: Array = 0

    def plus(self, more: Tally) -> Tally:
        return Tally(self.wrong + more.wrong, self.seen + more.seen, self.n + more.n)

    @property
    def share(self) -> Array:
        """Estimated of all that there were, not only of those that people saw; 0 of nothing."""
        return self.wrong / numpy.maximum(self.seen, 1e-9)


class Records(NamedTuple):
    """What people had said by then: of all agents, of this one, and of this one's work on this type of task."""

    everyone: Tally = Tally()
    agent: Tally = Tally()
    agent_and_type: Tally = Tally()


class Facts(NamedTuple):
    """`confidence` and `worth` are NaN where there is none; `at` is in seconds since 1970."""

    confidence: Array
    worth: Array
    attempt: Array
    size: Array
    at: Array


def plain(facts: Facts, records: Records) -> Any:
    """The values of PLAIN, one row for each."""
    unstated = numpy.isnan(facts.confidence)
    stated = numpy.where(unstated, 0.5, facts.confidence)
    doubt = -log_odds(numpy.minimum(numpy.maximum(stated, 1 - SUREST), SUREST))
    everyone = leaning(records.everyone, PRIOR_SHARE)
    agent = leaning(records.agent, everyone)
    turn = facts.at % DAY / DAY * 2 * numpy.pi
    weekday = (facts.at // DAY + THURSDAY) % 7
    return numpy.array(
        [
            doubt,
            unstated,
            worth_less(doubt, facts.worth) * ~unstated,
            log_odds(agent),
            numpy.log1p(records.agent.n) / 4,
            log_odds(leaning(records.agent_and_type, agent)),
            numpy.log1p(records.agent_and_type.n) / 4,
            numpy.log(numpy.maximum(facts.attempt, 1)),
            numpy.log1p(facts.size) / 2,
            numpy.sin(turn),
            numpy.cos(turn),
            weekday >= SATURDAY,
        ],
        dtype=float,
    )


def log_odds(share: Array) -> Array:
    return numpy.log(share / (1 - share))


def worth_less(doubt: Array, worth: Array) -> Array:
    """By how much the recalibrated confidence doubts more than the stated one; 0 without a calibration."""
    none = numpy.isnan(worth)
    known = numpy.minimum(numpy.maximum(numpy.where(none, 0.5, worth), 1 - SUREST), SUREST)
    return numpy.where(none, 0.0, -log_odds(known) - doubt)


def leaning(tally: Tally, prior: Array) -> Array:
    """The share of wrong ones, leaning on `prior` as long as there are few; never quite 0 or 1."""
    share = (tally.share * tally.n + prior * PRIOR_VERDICTS) / (tally.n + PRIOR_VERDICTS)
    return numpy.minimum(numpy.maximum(share, 0.001), 0.999)
