"""What stated confidences are worth, as it is kept and used: a few points by agent and task type, as JSON.

Nothing of what trains it is needed here, and no numpy: it is asked for every decision.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise
from typing import Literal

import msgspec

AGENT, POOLED = "agent", "pooled"


class Broken(Exception):
    """This is not what was written; the message says what is wrong with it."""


class Map(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From stated confidence to how often people found such decisions right: straight between points, level beyond.

    It rests on `n` verdicts, worth `effective` of one weight; `slope` and `offset`, on the scale of log-odds, are the
    line that those of its own are shrunk towards.
    """

    stated: list[float]
    worth: list[float]
    slope: float
    offset: float
    n: int
    effective: float

    def of(self, confidence: float) -> float:
        place = bisect_left(self.stated, confidence)
        if place == 0:
            return self.worth[0]
        if place == len(self.stated):
            return self.worth[-1]
        low, high = self.stated[place - 1], self.stated[place]
        share = (confidence - low) / (high - low)
        return self.worth[place - 1] + share * (self.worth[place] - self.worth[place - 1])

    def check(self) -> None:
        if not self.stated or len(self.stated) != len(self.worth):
            raise Broken("a map needs as many stated confidences as worths, and at least one")
        if not all(0 <= one <= 1 for one in self.stated):
            raise Broken("stated confidences lie from 0 to 1")
        if not all(0 < one < 1 for one in self.worth):
            raise Broken("what a confidence is worth lies between 0 and 1, and is neither")
        if not all(low < high for low, high in pairwise(self.stated)):
            raise Broken("stated confidences must rise")
        if not all(low <= high for low, high in pairwise(self.worth)):
            raise Broken("who is surer must not be worth less")


class Maps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The map of all, those of agents by their id, and those of one agent's work on one type of task."""

    kind: Literal["calibration/1"]
    pooled: Map
    agents: dict[str, Map]
    task_types: dict[str, dict[str, Map]]

    def of(self, agent: str, task_type: str) -> tuple[Map, str]:
        """The nearest map that has enough to go by, and its basis."""
        own = self.task_types.get(agent, {}).get(task_type) or self.agents.get(agent)
        return (own, AGENT) if own else (self.pooled, POOLED)

    def check(self) -> None:
        for one in (self.pooled, *self.agents.values()):
            one.check()
        for of_agent in self.task_types.values():
            for one in of_agent.values():
                one.check()


def read(content: bytes) -> Maps:
    """Broken, in words, for anything else."""
    try:
        maps = msgspec.json.decode(content, type=Maps)
    except msgspec.MsgspecError as error:
        raise Broken(f"not a calibration: {error}") from error
    maps.check()
    return maps


def written(maps: Maps) -> bytes:
    """The same maps, the same bytes."""
    return msgspec.json.encode(maps, order="sorted")
