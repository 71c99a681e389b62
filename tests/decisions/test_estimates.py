"""The error among what nobody saw: told from the audit sample, with an interval that keeps its word."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

import pytest

from decisions.estimates import Drawn, wrong_among_unseen
from decisions.statistics import wilson

RUNS = 1000


class World(NamedTuple):
    """What a policy has let pass and what it has not, with the truth that only a simulation knows."""

    sample: list[Drawn]
    seen: list[bool]  # wrong or not, of all that people looked at for whatever reason
    unseen: list[bool]


def world(seed: int, probability: Callable[[float], float]) -> World:
    """2,000 decisions: the less sure an agent is, the more often it is wrong; below 0.8 a person looks."""
    chance = random.Random(seed)
    found = World([], [], [])
    for _ in range(2000):
        confidence = chance.betavariate(6, 1.2)
        wrong = chance.random() < 0.03 + 0.4 * (1 - confidence)
        drawn_with = probability(confidence)
        if confidence < 0.8:
            found.seen.append(wrong)
        elif chance.random() < drawn_with:
            found.sample.append(Drawn(drawn_with, wrong))
            found.seen.append(wrong)
        else:
            found.unseen.append(wrong)
    return found


def share(wrong: list[bool]) -> float:
    return sum(wrong) / len(wrong)


@pytest.mark.parametrize(
    "probability",
    [lambda confidence: 0.1, lambda confidence: 0.06 if confidence > 0.95 else 0.2],
    ids=["all-alike", "by-confidence"],
)
def test_its_interval_covers_the_truth_as_often_as_it_says_and_the_naive_one_does_not(
    probability: Callable[[float], float],
) -> None:
    covered = naive = 0
    for seed in range(RUNS):
        one = world(seed, probability)
        truth, told = share(one.unseen), wrong_among_unseen(one.sample)
        covered += told.low <= truth <= told.high
        low, high = wilson(sum(one.seen), len(one.seen))
        naive += low <= truth <= high
    assert 0.93 <= covered / RUNS <= 0.97
    assert naive / RUNS < 0.1


def test_one_drawn_with_a_small_probability_stands_for_many() -> None:
    told = wrong_among_unseen([Drawn(0.1, True), Drawn(0.5, False), Drawn(0.5, False)])
    assert told.value == pytest.approx(9 / 11)
    assert told.n == 3


@pytest.mark.parametrize("sample", [[], [Drawn(1.0, True)]], ids=["nothing", "all-were-drawn"])
def test_it_claims_nothing_where_nobody_looked(sample: list[Drawn]) -> None:
    told = wrong_among_unseen(sample)
    assert (told.value, told.low, told.high) == (None, 0.0, 1.0)


def test_it_never_says_that_nothing_can_be_wrong() -> None:
    told = wrong_among_unseen([Drawn(0.05, False)] * 40)
    assert told.value == 0
    assert 0.05 < told.high < 0.15
