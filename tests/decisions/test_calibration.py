"""How well stated confidence keeps its word: errors, plain and debiased, by weight, and what chance does to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

from decisions.calibration import Calibration, effective_n, in_bins, in_order, measure, scores

Truth = Callable[[Any], Any]
RUNS = 60


def found(stated: Any, right: Any, weights: Any = None) -> Calibration:
    calibration = measure(numpy.array(stated, float), numpy.array(right), weights)
    assert calibration is not None
    return calibration


def agents(n: int, *, states: float, is_right: float, seed: int = 1) -> Calibration:
    right = numpy.random.default_rng(seed).random(n) < is_right
    return found([states] * n, right)


def simulated(n: int, truth: Truth) -> list[Calibration]:
    """Confidences from 0.5 to 1, right as often as `truth` says of them, in many runs."""
    chance = numpy.random.default_rng(1)
    runs = []
    for _ in range(RUNS):
        stated = chance.uniform(0.5, 1, n)
        runs.append(found(stated, chance.random(n) < truth(stated)))
    return runs


def honest(stated: Any) -> Any:
    return stated


def boastful(stated: Any) -> Any:
    return 0.7 * stated


def test_it_has_nothing_to_say_of_nothing() -> None:
    assert measure([], []) is None


def test_whoever_is_always_sure_and_half_the_time_wrong_is_off_by_a_half() -> None:
    one = found([1.0, 1.0] * 50, [True, False] * 50)
    assert one.error.value == pytest.approx(0.5)
    assert one.brier.value == pytest.approx(0.5)
    # Each of the gaps is 0 or 1: their variance is 0.25 * 100 / 99, a hundredth of which chance adds to the square.
    assert one.debiased.value == pytest.approx((0.25 - 0.25 / 99) ** 0.5)
    assert one.error.low < 0.5 < one.error.high
    assert (one.n, one.effective) == (100, 100)


def test_errors_of_both_signs_do_not_cancel_out_across_bins() -> None:
    one = found([0.95] * 10 + [0.05] * 10, [False] * 10 + [True] * 10)
    assert one.error.value == pytest.approx(0.95)
    assert one.debiased.value == pytest.approx(0.95)


def test_the_honest_are_near_zero_and_the_boastful_are_not() -> None:
    assert agents(800, states=0.8, is_right=0.8).error.high < 0.08
    assert agents(800, states=0.95, is_right=0.7).error.low > 0.2


def test_more_verdicts_make_the_interval_narrower() -> None:
    few, many = (agents(n, states=0.9, is_right=0.7).error for n in (50, 1000))
    assert many.high - many.low < (few.high - few.low) / 2


def test_the_same_question_has_the_same_answer() -> None:
    assert agents(100, states=0.9, is_right=0.8) == agents(100, states=0.9, is_right=0.8)


def test_one_verdict_is_no_proof_of_anything() -> None:
    one = found([0.9], [True])
    assert list(one.debiased) == [0, 0, 0]
    assert one.error.value == pytest.approx(0.1)


def test_a_weight_stands_for_as_many() -> None:
    one = found([0.9, 0.9, 0.9], [True, False, False], numpy.array([3.0, 1.0, 1.0]))
    many = found([0.9] * 5, [True] * 3 + [False] * 2)
    assert one.error.value == pytest.approx(many.error.value)
    assert one.brier.value == pytest.approx(many.brier.value)
    assert one.effective == pytest.approx(25 / 11)
    assert many.effective == 5


@pytest.mark.parametrize("n", [60, 400])
def test_chance_adds_to_the_plain_error_of_the_honest_and_nothing_to_the_debiased(n: int) -> None:
    chance = numpy.random.default_rng(1)
    squares, plain = [], []
    for _ in range(20 * RUNS):
        stated = chance.uniform(0.5, 1, n)
        right = (chance.random(n) < stated).astype(float)
        once = scores(in_order(stated, right, numpy.ones(n)), numpy.ones(n))
        plain.append(once[0])
        squares.append(once[1])
    error = numpy.std(squares) / len(squares) ** 0.5
    assert numpy.mean(squares) == pytest.approx(0, abs=3 * error)
    assert numpy.mean(plain) > 0.6 / n**0.5
    assert numpy.mean(numpy.sqrt(numpy.maximum(squares, 0))) < 0.65 * numpy.mean(plain)


@pytest.mark.parametrize("n", [60, 400])
def test_a_known_error_is_found_again(n: int) -> None:
    true = (
        0.3**2 * (1 - 0.125) / 1.5
    ) ** 0.5  # the root of the mean of (0.3 x) squared, x from 0.5 to 1
    mean = numpy.mean([run.debiased.value for run in simulated(n, boastful)])
    assert mean == pytest.approx(true, abs=0.015)


@pytest.mark.parametrize(("truth", "true"), [(honest, 0.0), (boastful, 0.2291)])
def test_its_interval_covers_the_truth(truth: Truth, true: float) -> None:
    runs = simulated(200, truth)
    covered = sum(run.debiased.low <= true <= run.debiased.high for run in runs)
    assert covered >= 0.9 * RUNS


def test_seen_more_often_is_not_more_frequent() -> None:
    """Doubtful ones are always seen, sure ones one time in ten: by weight the errors are those of all of them."""
    chance = numpy.random.default_rng(3)
    stated = chance.uniform(0.5, 1, 40_000)
    right = chance.random(40_000) < numpy.where(stated < 0.8, stated, stated - 0.2)
    seen = (stated < 0.8) | (chance.random(40_000) < 0.1)
    weights = numpy.where(stated < 0.8, 1.0, 10.0)
    everything = found(stated, right)
    by_weight = found(stated[seen], right[seen], weights[seen])
    naive = found(stated[seen], right[seen])
    assert by_weight.error.value == pytest.approx(everything.error.value, abs=0.01)
    assert naive.error.value < 0.5 * everything.error.value


def test_the_same_confidence_is_never_split_between_bins() -> None:
    shuffled = numpy.random.default_rng(5).permutation(200)
    stated, right = numpy.repeat([0.6, 0.9], 100), numpy.tile([True, False], 100)
    assert found(stated, right).debiased.value == pytest.approx(
        found(stated[shuffled], right[shuffled]).debiased.value
    )


def test_bins_are_by_weight_and_say_what_they_rest_on() -> None:
    stated, right = numpy.array([0.91, 0.97, 0.2]), numpy.array([1.0, 0.0, 1.0])
    bins = in_bins(stated, right, numpy.array([1.0, 3.0, 1.0]))
    assert [one.n for one in bins] == [0, 0, 1, 0, 0, 0, 0, 0, 0, 2]
    assert bins[9].right == pytest.approx(0.25)
    assert bins[9].confidence == pytest.approx(0.955)
    assert bins[9].interval[0] < 0.25 < bins[9].interval[1]
    assert (bins[0].right, bins[0].interval) == (None, (0.0, 1.0))


def test_what_weights_are_worth() -> None:
    assert effective_n(numpy.ones(7)) == 7
    assert effective_n(numpy.array([20.0, 1.0])) == pytest.approx(441 / 401)
    assert effective_n(numpy.array([])) == 0
