"""How well stated confidence keeps its word."""

from __future__ import annotations

import random

import pytest

from decisions.calibration import calibration


def agents(n: int, *, states: float, is_right: float, seed: int = 1) -> list[tuple[float, bool]]:
    chance = random.Random(seed)
    return [(states, chance.random() < is_right) for _ in range(n)]


def test_it_has_nothing_to_say_of_nothing() -> None:
    assert calibration([]) is None


def test_whoever_is_always_sure_and_half_the_time_wrong_is_off_by_a_half() -> None:
    found = calibration([(1.0, True), (1.0, False)] * 50)
    assert found is not None
    assert found.error.value == pytest.approx(0.5)
    assert found.brier.value == pytest.approx(0.5)
    assert found.error.low < 0.5 < found.error.high
    assert found.n == 100


def test_errors_of_both_signs_do_not_cancel_out_across_bins() -> None:
    found = calibration([(0.95, False)] * 10 + [(0.05, True)] * 10)
    assert found is not None
    assert found.error.value == pytest.approx(0.95)


def test_the_honest_are_near_zero_and_the_boastful_are_not() -> None:
    honest = calibration(agents(800, states=0.8, is_right=0.8))
    boastful = calibration(agents(800, states=0.95, is_right=0.7))
    assert honest is not None
    assert boastful is not None
    assert honest.error.high < 0.08
    assert boastful.error.low > 0.2


def test_more_verdicts_make_the_interval_narrower() -> None:
    few, many = (calibration(agents(n, states=0.9, is_right=0.7)) for n in (50, 1000))
    assert few is not None
    assert many is not None
    assert many.error.high - many.error.low < (few.error.high - few.error.low) / 2


def test_the_same_question_has_the_same_answer() -> None:
    judged = agents(100, states=0.9, is_right=0.8)
    assert calibration(judged) == calibration(judged)
