"""Values that agents and programs sent, as trees and pictures: bounded, and never taken for markup."""

from __future__ import annotations

from typing import Any

import pytest

from oversight.pictures import is_picture
from oversight.templatetags.payload import (
    DEEPEST,
    LONG_TEXT,
    MOST_MEMBERS,
    MOST_NODES,
    pictures,
    tree,
)

HOSTILE = "<img src=x onerror=alert(1)>\"'&{{ 7 }}"
DIGIT = [[0, 16, 5], [3, 0, 0]]
ALL = "Show all as text"


def deep(levels: int) -> Any:
    value: Any = "bottom"
    for _ in range(levels):
        value = {"in": value}
    return value


@pytest.mark.parametrize(
    ("value", "text", "kind"),
    [
        (7, "7", "number"),
        ("7", "7", "text"),
        (0.25, "0.25", "number"),
        (True, "true", "yes or no"),
        (None, "null", "nothing"),
        ([], "", "empty list"),
        ({}, "", "empty object"),
        ([1, 2, 3], "1, 2, 3", "numbers"),
    ],
    ids=repr,
)
def test_a_value_is_shown_with_its_kind(value: Any, text: str, kind: str) -> None:
    drawn = tree({"it": value})
    assert f'<bdi class="value">{text}</bdi>' in drawn
    assert f'<span class="kind">{kind}</span>' in drawn
    assert ALL not in drawn


@pytest.mark.parametrize(
    "value",
    [HOSTILE, {HOSTILE: 1}, {"a": HOSTILE}, [HOSTILE], {"a": [{HOSTILE: [HOSTILE]}]}, HOSTILE * 50],
    ids=["text", "name", "member", "item", "deep", "long"],
)
def test_nothing_in_it_becomes_markup(value: Any) -> None:
    drawn = tree(value)
    assert "<img" not in drawn
    assert "&lt;img src=x onerror=alert(1)&gt;" in drawn


def test_a_long_text_is_folded_and_whole() -> None:
    drawn = tree({"it": "x" * (LONG_TEXT + 1)})
    assert '<details class="long">' in drawn
    assert f"{LONG_TEXT + 1} characters" in drawn
    assert "x" * (LONG_TEXT + 1) in drawn


@pytest.mark.parametrize(
    "value",
    [
        list("ab" * MOST_MEMBERS),
        {str(n): {str(m): m for m in range(20)} for n in range(40)},
        deep(DEEPEST + 3),
        {"n" * 1000: 1},
    ],
    ids=["wide", "many", "deep", "long name"],
)
def test_what_is_left_out_for_its_size_stands_below_as_text(value: Any) -> None:
    drawn = tree(value)
    assert drawn.count("<li") <= 2 * MOST_NODES
    assert ALL in drawn


def test_a_matrix_named_image_is_a_picture() -> None:
    drawn = tree({"image": DIGIT})
    assert 'viewBox="0 0 3 2"' in drawn
    assert '<path d="M1 0h1v1h-1z" opacity="1.00"/>' in drawn
    assert pictures({"image": DIGIT, "label": 7}).count("<svg") == 1


@pytest.mark.parametrize(
    "value",
    [
        [[1, 2], [3]],
        [[1, 2]],
        [[1, "2"], [3, 4]],
        [[1, True], [3, 4]],
        [[1, 256], [3, 4]],
        [[-1, 2], [3, 4]],
        [[0] * 33] * 33,
        "data:image/png;base64,AAAA",
        [1, 2],
        [[]],
        [],
    ],
    ids=str,
)
def test_anything_else_of_that_name_is_none(value: Any) -> None:
    assert not is_picture("image", value)
    assert "<svg" not in tree({"image": value})


def test_a_black_picture_is_one_too() -> None:
    assert "<svg" in pictures({"image": [[0, 0], [0, 0]]})
