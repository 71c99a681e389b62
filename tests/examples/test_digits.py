"""The agents' classifiers are what their documentation says."""

from __future__ import annotations

import pytest

from examples.digits.classifiers import Reader, Torn
from examples.digits.data import (
    ASKED,
    LEARNED_BY,
    digits_for_two_phases,
    digits_to_ask,
    everything,
)
from examples.digits.learning import MOST_TASKS
from examples.digits.phase import questions
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


def test_the_second_phase_asks_about_what_the_first_never_asked() -> None:
    earlier, later = ({digit.index for digit in part} for part in digits_for_two_phases())

    assert not earlier & later
    assert earlier | later == {digit.index for digit in digits_to_ask()}


def test_no_agent_is_asked_about_an_image_twice() -> None:
    earlier, _ = digits_for_two_phases()
    asked = questions(earlier, ["a", "b", "c"], MOST_TASKS, seed=1)

    assert len({(one.digit.index, one.agent_id) for one in asked}) == len(asked) == MOST_TASKS
    assert asked[:50] == questions(earlier, ["a", "b", "c"], 50, seed=1)
