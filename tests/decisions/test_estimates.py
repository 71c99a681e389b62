"""The error among what nobody saw: told from the audit sample, with an interval that keeps its word."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

import pytest

from bench.coverage import GAPS, mixed, mixed_tries
from bench.coverage import share as share_of
from decisions.estimates import Drawn, Group, could_show, wrong_among, wrong_among_unseen
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


def test_over_realistic_mixes_its_interval_covers_the_truth_and_the_naive_one_fails() -> None:
    found = mixed(RUNS, seed=1)
    assert 0.93 <= share_of(found, "ours") <= 0.97
    assert share_of(found, "naive") < 0.1


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


def test_of_a_draft_its_interval_covers_the_truth_also_while_verdicts_are_missing() -> None:
    found = mixed_tries(100 * len(GAPS), seed=1)
    assert share_of(found, "ours") >= 0.95
    assert share_of(found, "naive") < 0.7


def test_one_group_has_the_interval_of_what_was_judged_of_it() -> None:
    told = wrong_among([Group(1_000, 80, 8)])
    assert told.value == pytest.approx(0.1)
    assert (told.low, told.high) == pytest.approx(wilson(8, 80))
    assert told.n == 80


def test_each_group_counts_for_all_of_it_and_not_for_what_was_judged_of_it() -> None:
    told = wrong_among([Group(300, 300, 3), Group(9_700, 97, 20)])
    assert told.value == pytest.approx((3 + 9_700 * 20 / 97) / 10_000)
    assert told.low > 0.1


def test_a_group_without_a_verdict_may_be_right_or_wrong() -> None:
    told = wrong_among([Group(300, 300, 3), Group(10_000, 0, 0)])
    assert told.value == pytest.approx(0.01)
    assert (told.low, told.high) == pytest.approx((0.0, 1.0), abs=0.03)
    assert wrong_among([Group(10_000, 0, 0)]) == (None, 0.0, 1.0, 0)
    assert wrong_among([]) == (None, 0.0, 1.0, 0)


def test_few_that_were_right_of_a_great_group_do_not_make_it_so() -> None:
    """All the wrong ones are known of another group: they say how that one is, and nothing of this."""
    told = wrong_among([Group(2_000, 400, 60), Group(8_000, 7, 0)])
    assert told.high > 0.25


@pytest.mark.parametrize(("judged", "enough"), [(0, False), (100, False), (1_000, True)])
def test_how_many_verdicts_are_enough_follows_from_their_number_alone(
    judged: int, enough: bool
) -> None:
    assert could_show(0.05, [Group(10_000, judged, 0)]) is enough
    assert could_show(0.05, [Group(10_000, judged, judged)]) is enough
