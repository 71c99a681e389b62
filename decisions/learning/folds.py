"""What the examples of a model say of each other: for each one, what is learned from the others.

So a feature that rests on verdicts does not know the verdict that is to be told by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy

from decisions.learning.examples import Examples
from decisions.learning.mapping import maps_of, stated_of
from decisions.learning.maps import Maps
from decisions.learning.worths import worth_of

FOLDS = 5


def folds(wrong: Any) -> Iterator[Any]:
    """Which examples are held out: each once, as many wrong ones in each fold as in any other."""
    place = numpy.empty(len(wrong), int)
    for kind in (wrong, ~wrong):
        place[kind] = numpy.arange(kind.sum()) % FOLDS
    for number in range(FOLDS):
        yield place == number


def own_maps(examples: Examples) -> Maps | None:
    """What the stated confidences are worth by these examples alone; None where too few say."""
    stated = stated_of(examples)
    return maps_of(stated) if stated.is_enough_for_all else None


def with_worth_by_others(examples: Examples) -> Examples:
    """What each stated confidence is worth by the other examples."""
    worth = numpy.full(examples.n, numpy.nan)
    for held_out in folds(examples.wrong):
        maps = own_maps(examples.chosen(~held_out))
        if maps:
            rows = examples.rows.chosen(held_out)
            worth[held_out] = worth_of(maps, rows.agents, rows.task_types, rows.confidence)
    return examples._replace(rows=examples.rows._replace(worth=worth))
