"""The figures behind the pages, against values that are known."""

from __future__ import annotations

import pytest

from decisions.statistics import FEW, Share, mean_of, percentile, reliability, wilson


# As R. G. Newcombe (1998), Statistics in Medicine 17, table I, method 3, prints them.
@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0),
    ],
)
def test_the_interval_is_wilsons(hits: int, n: int, low: float, high: float) -> None:
    assert wilson(hits, n) == pytest.approx((low, high), abs=0.0001)


def test_an_interval_of_nothing_rules_nothing_out() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("share", "value"), [(0.0, 1.0), (0.25, 1.75), (0.5, 2.5), (0.95, 3.85), (1.0, 4.0)]
)
def test_a_percentile_lies_straight_between_its_neighbours(share: float, value: float) -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], share) == pytest.approx(value)


def test_a_percentile_of_one_value_is_that_value() -> None:
    assert percentile([7.0], 0.95) == 7.0


def test_there_is_no_percentile_of_nothing() -> None:
    assert percentile([], 0.5) is None


def test_a_share_of_nothing_has_no_value() -> None:
    assert Share(0, 0).value is None


def test_a_share_of_a_few_says_so() -> None:
    assert Share(1, FEW - 1).few
    assert not Share(1, FEW).few


def test_a_mean_of_figures_at_their_bounds_is_a_share() -> None:
    found = mean_of([5] * 15 + [1] * 133, 1, 5)
    assert found.value == pytest.approx(1 + 4 * 15 / 148)
    assert found.interval == pytest.approx((1 + 4 * 0.0624, 1 + 4 * 0.1605), abs=5e-4)


def test_ratings_that_agree_are_no_certainty() -> None:
    low, high = mean_of([5, 5], 1, 5).interval
    assert low == pytest.approx(2.37, abs=0.01)
    assert high == 5
    assert mean_of([3], 1, 5).few


def test_a_mean_of_nothing_has_no_value() -> None:
    nothing = mean_of([], 1, 5)
    assert (nothing.value, nothing.interval) == (None, (1, 5))


def test_each_confidence_falls_into_one_bin() -> None:
    bins = reliability([(0.0, False), (0.1, True), (0.19, False), (1.0, True), (0.95, True)])
    assert [one.right for one in bins] == [
        Share(0, 1), Share(1, 2), *[Share(0, 0)] * 7, Share(2, 2)
    ]  # fmt: skip


def test_a_bin_tells_the_mean_of_what_was_stated() -> None:
    bins = reliability([(0.92, True), (0.98, False)])
    assert bins[-1].confidence == pytest.approx(0.95)
    assert bins[0].confidence is None


def test_bins_of_nothing_are_there_and_empty() -> None:
    assert [one.right.n for one in reliability([])] == [0] * 10
