"""The agents' classifiers are what their documentation says."""

from __future__ import annotations

import pytest

from examples.digits.classifiers import Reader, Torn
from examples.digits.data import ASKED, LEARNED_BY, digits_to_ask, everything
from examples.digits.tasks import ROWS_LEFT, task_of


def test_nobody_is_asked_about_what_somebody_has_learned() -> None:
    _, labels, order = everything()
    parts = [set(order[part]) for part in (*LEARNED_BY.values(), ASKED)]

    assert sum(map(len, parts)) == len(set().union(*parts)) == len(labels) == 1797


@pytest.mark.parametrize(
    ("name", "right", "confidence"),
    [("steady", 0.98, 0.90), ("eager", 0.73, 0.92), ("slow", 0.95, 0.90)],
)
def test_it_is_as_good_and_as_sure_as_documented(
    name: str, right: float, confidence: float
) -> None:
    reader, digits = Reader(name), digits_to_ask()
    shares = reader.shares([digit.image for digit in digits])
    labels = reader.model.classes_[shares.argmax(axis=1)]

    assert (labels == [digit.label for digit in digits]).mean() == pytest.approx(right, abs=0.01)
    assert shares.max(axis=1).mean() == pytest.approx(confidence, abs=0.01)


def test_it_says_what_else_it_could_be() -> None:
    reading = Reader("slow").read(digits_to_ask()[0].image)

    assert reading.second != reading.label
    assert f"a {reading.label} (" in reading.rationale
    assert f"a {reading.second} (" in reading.rationale


def test_a_torn_image_is_refused() -> None:
    torn = task_of(digits_to_ask()[0], 20)["payload"]["image"]

    assert len(torn) == ROWS_LEFT
    with pytest.raises(Torn, match="expected 8 by 8"):
        Reader("eager").read(torn)
