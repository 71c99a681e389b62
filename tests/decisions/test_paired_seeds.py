"""The figures of `bench/learning.py` over seeds: intervals, and whether one way is better than another."""

from __future__ import annotations

import numpy
import pytest

from bench.paired import difference, fall, mean_of
from bench.readers import answers, data_sets
from bench.stream import AUDIT, THRESHOLD, halves, looked_at

SAME = [0.50, 0.60, 0.55, 0.65, 0.58, 0.62, 0.57, 0.61]


def test_a_mean_has_the_interval_of_student() -> None:
    found = mean_of([1.0, 2.0, 3.0, 4.0])
    assert (found.value, found.n) == (2.5, 4)
    assert found.high - found.value == pytest.approx(3.182 * 1.291 / 2, abs=0.001)


def test_what_is_better_on_every_seed_is_significant() -> None:
    better = [one + 0.1 + place / 100 for place, one in enumerate(SAME)]
    found = difference(better, SAME, tested=0.5)
    assert found.is_significant
    assert found.careful > found.p


def test_what_is_worse_or_the_same_is_not() -> None:
    assert not difference([one - 0.1 for one in SAME], SAME, tested=0.5).is_significant
    assert not difference(SAME, SAME, tested=0.5).is_significant
    assert not difference(SAME[::-1], SAME, tested=0.5).is_significant


def test_a_fall_is_that_of_the_means() -> None:
    found = fall([0.2, 0.3, 0.1], [0.1, 0.05, 0.03])
    assert found.value == pytest.approx(1 - 0.18 / 0.6)
    assert found.low <= found.value <= found.high


def test_what_tests_is_held_out_and_what_nobody_saw_is_no_example() -> None:
    random = numpy.random.default_rng(1)
    data = data_sets()[1]
    said = answers(data, random)
    learned = sum(data.parts.values())
    assert len(said.right) == len(data.labels) - learned
    earlier, later = halves(said, list(data.parts), random)
    assert len(earlier.wrong) + len(later.wrong) == said.right.size
    assert earlier.rows.at.max() < later.rows.at.min()

    seen = looked_at(earlier, random)
    surely = seen.rows.confidence < THRESHOLD
    assert surely.sum() == (earlier.rows.confidence < THRESHOLD).sum()
    assert set(seen.weight[surely]) == {1.0}
    assert set(seen.weight[~surely]) == {1 / AUDIT}
    assert seen.history.at.max() < later.rows.at.min()
