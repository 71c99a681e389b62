"""What many stated confidences are worth at once."""

from __future__ import annotations

from typing import Any

import numpy

from decisions.learning.maps import Maps


def worth_of(maps: Maps, agents: Any, task_types: Any, confidence: Any) -> Any:
    """An entry for each decision; NaN where none was stated."""
    worth = numpy.full(len(confidence), numpy.nan)
    different, of_agent = numpy.unique(agents.astype(str), return_inverse=True)
    types, of_type = numpy.unique(task_types.astype(str), return_inverse=True)
    pairs, of_pair = numpy.unique(of_agent * len(types) + of_type, return_inverse=True)
    for number, pair in enumerate(pairs.tolist()):
        agent, task_type = divmod(pair, len(types))
        nearest, _ = maps.of(str(different[agent]), str(types[task_type]))
        own = of_pair == number
        worth[own] = numpy.interp(confidence[own], nearest.stated, nearest.worth)
    # A map of one point has an answer to everything.
    worth[numpy.isnan(confidence)] = numpy.nan
    return worth
