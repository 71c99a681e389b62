"""Cards are written by trainers, and by whoever registers a version: what is not as it should be is left out."""

from __future__ import annotations

from typing import Any

import pytest

from mlregistry import cards
from mlregistry.cards import Bin, Figure, card_of, figure_of, figures_of

CARD: dict[str, Any] = {
    "summary": "Learned from 1,240 verdicts.",
    "trained_on": {"n": 1240, "from": "2026-10-01"},
    "tested_on": {"n": 310},
    "reliability": [[0.0, 0.1, 0.05, 2, 40], [0.1, 0.2, None, 0, 0]],
    "confusion": {"labels": ["right", "wrong"], "rows": [[250, 10], [20, 30]]},
    "curve": {"x": "share reviewed", "y": "share caught", "lines": {"risk": [[0, 0], [1, 1]]}},
    "features": [["doubt", 1.2], ["hour", -0.1]],
    "limits": ["It knows two agents."],
}


def test_a_whole_card_is_read() -> None:
    card = card_of(CARD)
    assert card.trained_on == [("n", 1240), ("from", "2026-10-01")]
    assert card.reliability == [Bin(0.0, 0.1, 0.05, 2, 40), Bin(0.1, 0.2, None, 0, 0)]
    assert card.confusion is not None
    assert list(card.confusion.rows[1]) == ["wrong", [20, 30]]
    assert card.curve is not None
    assert card.curve.lines == {"risk": [(0, 0), (1, 1)]}
    assert card.features == [("doubt", 1.2), ("hour", -0.1)]


ODD: list[Any] = [
    None,
    3,
    "x",
    [],
    {},
    [[]],
    [[1]],
    {"a": {"b": 1}},
    True,
    float("nan"),
    1e300,
    [[None] * 5],
]


@pytest.mark.parametrize("key", CARD)
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_an_odd_part_is_left_out_and_the_rest_stays(key: str, odd: Any) -> None:
    card = card_of(CARD | {key: odd})
    others = card_of({name: value for name, value in CARD.items() if name != key})
    for name in CARD:
        if name != key:
            assert getattr(card, name) == getattr(others, name)


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_no_card_at_all_is_an_empty_one(odd: Any) -> None:
    assert card_of(odd) == card_of({})


@pytest.mark.parametrize(
    "row", [[0.5, 0.4, 0.4, 1, 2], [0, 0.1, 2, 1, 2], [0, 0.1, 0.05, 3, 2], [0, 0.1, 0.05, -1, 2]]
)
def test_a_bin_that_cannot_be_is_left_out(row: list[float]) -> None:
    assert card_of({"reliability": [row]}).reliability == []


def test_a_card_has_bounds() -> None:
    card = card_of(
        {
            "summary": "x" * 10_000,
            "limits": ["y"] * 10_000,
            "features": [["f", 1]] * 10_000,
            "confusion": {"labels": ["l"] * 99, "rows": [[1] * 99] * 99},
            "curve": {"lines": {str(n): [[0, 0], [1, 1]] * 999 for n in range(99)}},
        }
    )
    assert (len(card.summary), len(card.limits), len(card.features)) == (500, 50, 50)
    assert card.confusion is None
    assert card.curve is not None
    assert len(card.curve.lines) == cards.MOST_LINES


@pytest.mark.parametrize(
    ("said", "figure"),
    [
        (0.5, Figure(0.5)),
        ({"value": 0.5, "low": 0.4, "high": 0.6, "n": 9}, Figure(0.5, 0.4, 0.6, 9)),
        ({"value": None}, None),
        (True, None),
        (float("inf"), None),
        ("0.5", None),
    ],
)
def test_a_metric_is_a_number_or_one_with_its_interval(said: Any, figure: Figure | None) -> None:
    assert figure_of(said) == figure
    assert figures_of({"auc": said}) == ([("auc", figure)] if figure else [])
