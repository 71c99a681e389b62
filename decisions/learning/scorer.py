"""A trained risk model as it is kept and used: a dozen kinds of weights as JSON, and what they say of a decision.

A sum of parts on the scale of log-odds, so that each part is a reason. Nothing of what trains it is needed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import msgspec
import numpy

from decisions.assessments import Known
from decisions.learning.examples import Rows
from decisions.learning.features import PLAIN, PRIORITIES, Facts, Records, Tally, plain
from decisions.learning.maps import Broken, Maps
from decisions.learning.record import Book
from decisions.learning.worths import worth_of
from decisions.models.task import Priority

REASONS = 3
# What the parts stand for, in the order of `Scorer.parts`.
PARTS = ("confidence", "agent", "record", "task_type", "priority", "attempt", "size", "time")
# Which of PLAIN belong to which part.
CONFIDENCE, AGENT, RECORD = slice(0, 3), slice(3, 5), slice(5, 7)
ATTEMPT, SIZE, TIME = 7, 8, slice(9, 12)
NAN = float("nan")
MOST_ODDS = 30.0  # no risk is 0 or 1
Line = tuple[str, str, float, float, int]


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All numbers of a model. Lists by agent or task type have one entry more, for all others.

    Values are held within `lowest` and `highest`, which is what it has seen. `usual` is what each part says on average;
    `slope` and `offset` make the sum a probability. `records` are the agents' (agent, task type, wrong, seen, n),
    from all verdicts before `known_until`, in microseconds since 1970. `maps` say what stated confidences are worth to
    this model. No weight and no map rests on a decision that was made after `learned_until`.
    """

    kind: Literal["review_risk/1"]
    agents: list[str]
    task_types: list[str]
    of_plain: list[float]
    of_priority: list[float]
    of_agent: list[float]
    of_doubt: list[float]
    of_task_type: list[float]
    intercept: float
    lowest: list[float]
    highest: list[float]
    usual: list[float]
    slope: float
    offset: float
    known_until: int
    learned_until: int
    records: list[Line]
    maps: Maps | None = None

    def check(self) -> None:
        lengths = {
            "of_plain": len(PLAIN), "lowest": len(PLAIN), "highest": len(PLAIN), "of_priority": len(PRIORITIES),
            "of_agent": len(self.agents) + 1, "of_doubt": len(self.agents) + 1,
            "of_task_type": len(self.task_types) + 1, "usual": len(PARTS),
        }  # fmt: skip
        for name, length in lengths.items():
            if len(getattr(self, name)) != length:
                raise Broken(f"{name} has {len(getattr(self, name))} numbers, not {length}")
        if self.maps:
            self.maps.check()


def read(content: bytes) -> Weights:
    """Broken, in words, for anything else."""
    try:
        weights = msgspec.json.decode(content, type=Weights)
    except msgspec.MsgspecError as error:
        raise Broken(f"not the weights of a risk model: {error}") from error
    weights.check()
    return weights


def written(weights: Weights) -> bytes:
    return msgspec.json.encode(weights)


class Score(NamedTuple):
    risk: float
    reasons: Sequence[dict[str, Any]]


class Scorer:
    """Risks of decisions, one or many at once, by the same lines."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.agents = places(weights.agents)
        self.task_types = places(weights.task_types)
        self.of_plain = numpy.array(weights.of_plain)
        self.of_priority = numpy.array(weights.of_priority)
        self.of_agent = numpy.array(weights.of_agent)
        self.of_doubt = numpy.array(weights.of_doubt)
        self.of_task_type = numpy.array(weights.of_task_type)
        self.lowest, self.highest = numpy.array(weights.lowest), numpy.array(weights.highest)
        self.usual = numpy.array(weights.usual)

    def book(self) -> Book:
        """The records that it was trained with, to go on from."""
        book = Book()
        for agent, task_type, *tally in self.weights.records:
            book.note(agent, task_type, Tally(*tally))
        return book

    def score_many(self, rows: Rows, records: Records) -> Any:
        """The risk of each, as an array."""
        return self.risk(self.parts_of(rows, records))

    def parts_of(self, rows: Rows, records: Records) -> Any:
        agents = found(rows.agents, self.agents)
        task_types = found(rows.task_types, self.task_types)
        values = self.held(plain(self.with_worth(rows).facts, records))
        return self.parts(values, agents, task_types, rows.priority)

    def with_worth(self, rows: Rows) -> Rows:
        """By its own maps: the weights were learned with these, and not with those that happen to be live."""
        maps = self.weights.maps
        known = worth_of(maps, rows.agents, rows.task_types, rows.confidence) if maps else NAN
        return rows._replace(worth=numpy.broadcast_to(known, rows.at.shape))

    def worth(self, known: Known) -> float:
        maps = self.weights.maps
        if maps is None or known.confidence is None:
            return NAN
        return maps.of(str(known.agent_id), known.task_type)[0].of(known.confidence)

    def score(self, known: Known, confidence: float | None, records: Records) -> Score:
        """One risk with its reasons; `confidence` is the recalibrated one that people are shown, where there is one."""
        agent = self.agents.get(str(known.agent_id), len(self.agents))
        task_type = self.task_types.get(known.task_type, len(self.task_types))
        worth = self.worth(known)
        shown = worth if confidence is None else confidence
        values = self.held(plain(facts_of(known, worth), records))
        parts = self.parts(values, agent, task_type, known.priority)
        apart = ((parts - self.usual) * self.weights.slope).tolist()
        strongest = sorted(range(len(PARTS)), key=lambda place: -abs(apart[place]))[:REASONS]
        reasons = [
            {
                "feature": PARTS[place],
                "says": SAYS[PARTS[place]](known, shown, records),
                "weight": round(apart[place], 3),
            }
            for place in strongest
        ]
        return Score(float(self.risk(parts)), reasons)

    def held(self, values: Any) -> Any:
        """Within what it has seen: it does not guess beyond."""
        return numpy.minimum(numpy.maximum(values.T, self.lowest), self.highest).T

    def parts(self, values: Any, agent: Any, task_type: Any, priority: Any) -> Any:
        """What each of PARTS adds to the log-odds; a row for each."""
        said = (values.T * self.of_plain).T
        return numpy.array(
            [
                said[CONFIDENCE].sum(axis=0) + self.of_doubt[agent] * values[0],
                said[AGENT].sum(axis=0) + self.of_agent[agent],
                said[RECORD].sum(axis=0),
                self.of_task_type[task_type],
                self.of_priority[priority],
                said[ATTEMPT],
                said[SIZE],
                said[TIME].sum(axis=0),
            ]
        )

    def risk(self, parts: Any) -> Any:
        score = self.weights.intercept + parts.sum(axis=0)
        odds = self.weights.slope * score + self.weights.offset
        return 1 / (1 + numpy.exp(-numpy.minimum(numpy.maximum(odds, -MOST_ODDS), MOST_ODDS)))


def places(names: Sequence[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(names)}


def found(names: Any, known: dict[str, int]) -> Any:
    """The place of each name; one behind the last for a name that is not known."""
    different, which = numpy.unique(names, return_inverse=True)
    return numpy.array([known.get(name, len(known)) for name in different.tolist()], int)[which]


def facts_of(known: Known, worth: float) -> Facts:
    stated = NAN if known.confidence is None else known.confidence
    return Facts(stated, worth, known.attempt, known.size, known.at.timestamp())


def confidence_says(known: Known, worth: float, records: Records) -> str:
    if known.confidence is None:
        return "no confidence was stated"
    told = "" if numpy.isnan(worth) else f", worth {worth:.2f} by past verdicts"
    return f"stated confidence {known.confidence:.2f}{told}"


def agent_says(known: Known, worth: float, records: Records) -> str:
    return f"of this agent's work {corrected(records.agent)}"


def record_says(known: Known, worth: float, records: Records) -> str:
    return f"of this agent's work on {known.task_type} {corrected(records.agent_and_type)}"


def corrected(tally: Tally) -> str:
    if not tally.n:
        return "nothing was judged yet"
    verdicts = "1 verdict" if tally.n == 1 else f"{tally.n:,} verdicts"
    return f"people corrected {tally.share:.0%} ({verdicts})".replace("%", " %")


def attempt_says(known: Known, worth: float, records: Records) -> str:
    return "the first attempt" if known.attempt == 1 else f"attempt {known.attempt}"


def size_says(known: Known, worth: float, records: Records) -> str:
    return f"a proposal of {known.size:,} bytes"


def time_says(known: Known, worth: float, records: Records) -> str:
    return f"handed in on a {known.at:%A} at {known.at:%H:%M}"


SAYS = {
    "confidence": confidence_says,
    "agent": agent_says,
    "record": record_says,
    "task_type": lambda known, *_: f"task type {known.task_type}",
    "priority": lambda known, *_: f"priority {Priority(known.priority).label}",
    "attempt": attempt_says,
    "size": size_says,
    "time": time_says,
}
