"""What people made of each agent's work: as of any moment of the past, and kept at hand for the next decision."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy

from decisions.learning.examples import Rows, Verdicts
from decisions.learning.features import Records, Tally

NOTHING = Tally()
# What was said so shortly before the last verdict, in microseconds, may have company that is not committed yet.
LAG = 10_000_000


def as_of(rows: Rows, history: Verdicts) -> Records:
    """The records that each decision was made on: a verdict counts from the moment on in which it was given."""
    before = numpy.searchsorted(history.at, rows.at, side="left")
    asked, told = codes(rows.agents, history.agents)
    types_asked, types_told = codes(rows.task_types, history.task_types)
    many = 1 + max(types_asked.max(initial=0), types_told.max(initial=0))
    return Records(
        tallied(asked * 0, told * 0, before, history),
        tallied(asked, told, before, history),
        tallied(asked * many + types_asked, told * many + types_told, before, history),
    )


def codes(asked: Any, told: Any) -> tuple[Any, Any]:
    """Texts as numbers, the same for both."""
    _, found = numpy.unique(numpy.concatenate([asked, told]), return_inverse=True)
    return found[: len(asked)], found[len(asked) :]


def tallied(asked: Any, told: Any, before: Any, history: Verdicts) -> Tally:
    """For each that is asked for: the tally of its group, over the first so many (`before`) of all verdicts."""
    order = numpy.argsort(told, kind="stable")
    length = len(order) + 1
    keys = told[order] * length + order
    first = numpy.searchsorted(keys, asked * length)
    last = numpy.searchsorted(keys, asked * length + before)
    wrong = running((history.wrong * history.weight)[order])
    seen = running(history.weight[order])
    return Tally(wrong[last] - wrong[first], seen[last] - seen[first], last - first)


def running(values: Any) -> Any:
    return numpy.concatenate([[0.0], numpy.cumsum(values)])


class Said(NamedTuple):
    """One verdict; `at` is in whole microseconds since 1970."""

    at: int
    agent: str
    task_type: str
    wrong: bool
    weight: float


class Book:
    """The records of all agents, as far as they were read."""

    def __init__(self) -> None:
        self.everyone = Tally()
        self.agents: dict[str, Tally] = {}
        self.pairs: dict[tuple[str, str], Tally] = {}

    def copy(self) -> Book:
        other = Book()
        other.everyone = self.everyone
        other.agents, other.pairs = dict(self.agents), dict(self.pairs)
        return other

    def add(self, said: Iterable[Said]) -> None:
        for _, agent, task_type, wrong, weight in said:
            self.note(agent, task_type, Tally(weight * wrong, weight, 1))

    def note(self, agent: str, task_type: str, more: Tally) -> None:
        pair = (agent, task_type)
        self.everyone = self.everyone.plus(more)
        self.agents[agent] = self.agents.get(agent, NOTHING).plus(more)
        self.pairs[pair] = self.pairs.get(pair, NOTHING).plus(more)

    def of(self, agent: str, task_type: str) -> Records:
        pair = self.pairs.get((agent, task_type), NOTHING)
        return Records(self.everyone, self.agents.get(agent, NOTHING), pair)


def said_in(history: Verdicts, until: int) -> Iterable[Said]:
    """Those given before a moment."""
    last = numpy.searchsorted(history.at, until, side="left")
    columns = (history.at, history.agents, history.task_types, history.wrong, history.weight)
    return map(Said._make, zip(*(column[:last].tolist() for column in columns), strict=True))
