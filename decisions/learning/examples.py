"""Decisions as arrays, with what people said of them: what a risk model is trained on, wherever it comes from."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import numpy

from decisions.learning.features import Facts

MICROSECONDS = 1_000_000


class Rows(NamedTuple):
    """Decisions, an entry of each array for each: what was known of them when they were made.

    `agents` and `task_types` are texts, `priority` is from 0 to 3, `at` is in whole microseconds since 1970;
    `confidence` and `worth` (the recalibrated one) are NaN where there is none.
    """

    agents: Any
    task_types: Any
    priority: Any
    confidence: Any
    worth: Any
    attempt: Any
    size: Any
    at: Any

    def chosen(self, places: Any) -> Rows:
        return Rows(*(column[places] for column in self))

    @property
    def facts(self) -> Facts:
        return Facts(self.confidence, self.worth, self.attempt, self.size, self.at / MICROSECONDS)


class Verdicts(NamedTuple):
    """What people said, in the order in which they said it; `weight` is 1 / the probability of having been seen."""

    agents: Any
    task_types: Any
    at: Any
    wrong: Any
    weight: Any


class Examples(NamedTuple):
    """Decisions in the order in which they were made, whether people corrected them, and what each stands for.

    `history` is all that people had said, of these and of others: the records of the agents come from there.
    """

    rows: Rows
    wrong: Any
    weight: Any
    history: Verdicts

    def chosen(self, places: Any) -> Examples:
        return Examples(
            self.rows.chosen(places), self.wrong[places], self.weight[places], self.history
        )

    @property
    def n(self) -> int:
        return len(self.wrong)


def examples_of(rows: Rows, said_at: Any, wrong: Any, weight: Any) -> Examples:
    """Of decisions whose own verdicts are all that people have said."""
    told = numpy.argsort(said_at, kind="stable")
    columns = (rows.agents, rows.task_types, said_at, wrong, weight)
    history = Verdicts(*(column[told] for column in columns))
    made = numpy.argsort(rows.at, kind="stable")
    return Examples(rows, wrong, weight, history).chosen(made)


def digest_of(examples: Examples) -> str:
    """SHA-256 of the examples and of what the agents' records come from."""
    sha256 = hashlib.sha256()
    for column in (*examples.rows, examples.wrong, examples.weight, *examples.history):
        texts = column.dtype.kind in "OU"
        content = "\0".join(column).encode() if texts else column.astype("<f8").tobytes()
        sha256.update(b"%d:" % len(content) + content)
    return sha256.hexdigest()
