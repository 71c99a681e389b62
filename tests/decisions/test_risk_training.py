"""The risk model is trained on earlier decisions and tested on later ones; its figures are counted right."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import numpy
import pytest

from agentic.models import User
from agents.models import Agent
from decisions.learning import data_set, review_risk
from decisions.learning.examples import Examples, digest_of
from decisions.learning.fitting import fit, frame_of, matrix, split
from decisions.learning.folds import folds, own_maps, with_worth_by_others
from decisions.learning.ranking import measured, ranked
from decisions.learning.record import as_of
from decisions.learning.scorer import Scorer, read
from decisions.learning.worths import worth_of
from mlregistry.cards import card_of, figures_of
from mlregistry.trainers import Run, TrainingFailed
from tests.decisions.judged import invented, judge

JOB = UUID("01890000-0000-7000-8000-00000000000b")


def run(tell: Any = lambda progress, line: None, **config: Any) -> Run:
    return Run(JOB, "review_risk", config, 7, (), tell)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Examples:
    """What the trainer reads: synthetic, and without a database."""
    examples, _ = invented(2_000)
    monkeypatch.setattr(data_set, "read_examples", lambda feedback_ids: examples)
    monkeypatch.setattr(data_set, "names_of", lambda agents: {agent: agent for agent in agents})
    return examples


# How it is counted, by hand.


def test_it_catches_what_stands_first() -> None:
    risk, wrong = numpy.array([0.9, 0.1, 0.5, 0.2]), numpy.array([True, True, False, False])
    even = numpy.ones(4)
    assert ranked(risk, wrong).caught(even, 0.25) == pytest.approx(0.5)
    assert ranked(risk, wrong).caught(even, 0.75) == pytest.approx(0.5)
    assert ranked(risk, wrong).caught(even, 1.0) == pytest.approx(1.0)
    assert ranked(risk, wrong).auc(even) == pytest.approx(0.5)


def test_of_those_that_are_equally_risky_either_may_be_looked_at_first() -> None:
    even, wrong = numpy.full(4, 0.3), numpy.array([True, False, False, True])
    assert ranked(even, wrong).caught(numpy.ones(4), 0.5) == pytest.approx(0.5)
    assert ranked(even, wrong).auc(numpy.ones(4)) == pytest.approx(0.5)


def test_one_that_was_drawn_stands_for_many() -> None:
    risk, wrong = numpy.array([0.9, 0.5, 0.1]), numpy.array([True, False, True])
    weight = numpy.array([1.0, 1.0, 3.0])
    assert ranked(risk, wrong).caught(weight, 0.2) == pytest.approx(1 / 4)
    assert ranked(risk, wrong).auc(weight) == pytest.approx(1 / 4)
    found = measured(risk, 1 - risk, wrong, weight, seed=1)
    assert found["brier"]["value"] == pytest.approx((0.01 + 0.25 + 3 * 0.81) / 5)
    assert found["ece"]["value"] == pytest.approx((0.1 + 0.5 + 3 * 0.9) / 5)


def test_a_figure_has_its_interval_and_its_n() -> None:
    random = numpy.random.default_rng(1)
    risk = random.random(300)
    found = measured(risk, 1 - risk, random.random(300) < risk, numpy.ones(300), seed=1)
    assert (found["n"], found["auc"]["n"]) == (300, 300)
    for figure in ("auc", "brier", "ece", "caught_at_10", "caught_at_20", "caught_at_30"):
        assert found[figure]["low"] <= found[figure]["value"] <= found[figure]["high"]
    assert found["more_than_by_confidence_at_20"] == {"value": 0, "low": 0, "high": 0, "n": 300}


# What it learns.


def test_it_learns_who_errs_and_says_how_often() -> None:
    examples, _ = invented(12_000)
    fitted = fit(examples)
    tested = fitted.parts.tested
    found = measured(fitted.risk, tested.rows.confidence, tested.wrong, tested.weight, seed=1)
    assert found["auc"]["value"] > 0.75
    assert found["ece"]["value"] < 0.05
    assert found["more_than_by_confidence_at_20"]["low"] > 0
    assert 0.15 < found["caught_at_random_at_20"]["value"] < 0.25


def test_weights_make_up_for_what_was_seldom_drawn() -> None:
    """Of those that were sure of themselves one in five was seen; the risk told of them is true all the same."""
    examples, risk = invented(30_000, sampled=0.2)
    everybody = Scorer(fit(examples).weights)
    told = everybody.score_many(examples.rows, as_of(examples.rows, examples.history))
    careless = Scorer(fit(examples._replace(weight=numpy.ones(examples.n))).weights)
    blind = careless.score_many(examples.rows, as_of(examples.rows, examples.history))
    truth = numpy.average(risk, weights=examples.weight)
    assert numpy.average(told, weights=examples.weight) == pytest.approx(truth, rel=0.1)
    assert abs(numpy.average(blind, weights=examples.weight) - truth) < 0.2


def test_it_is_tested_on_what_came_last() -> None:
    parts = split(invented(500)[0])
    assert [part.n for part in parts] == [400, 100]
    assert parts.learned.rows.at.max() <= parts.tested.rows.at.min()


def test_what_is_scored_is_what_was_learned() -> None:
    """The kept weights say the same as the regression that they come from."""
    fitted = fit(invented(900)[0])
    weights, tested = fitted.weights, fitted.parts.tested
    frame = frame_of(with_worth_by_others(fitted.parts.learned))
    rows = Scorer(weights).with_worth(tested.rows)
    columns = matrix(frame, tested._replace(rows=rows))
    flat = [
        *weights.of_plain, *weights.of_priority, *weights.of_agent, *weights.of_doubt, *weights.of_task_type,
    ]  # fmt: skip
    odds = weights.slope * (columns @ numpy.array(flat) + weights.intercept) + weights.offset
    assert fitted.risk.tolist() == pytest.approx((1 / (1 + numpy.exp(-odds))).tolist())


def test_what_a_confidence_is_worth_does_not_know_the_verdict_that_it_is_to_tell() -> None:
    """One verdict turned round changes what the others are worth, and not what its own decision is."""
    examples, _ = invented(300)
    wrong = examples.wrong.copy()
    held_out = next(folds(wrong))
    place = int(numpy.flatnonzero(held_out & wrong)[-1])
    told = with_worth_by_others(examples).rows.worth
    maps = own_maps(examples.chosen(~held_out))
    assert maps
    rows = examples.rows.chosen([place])
    alone = worth_of(maps, rows.agents, rows.task_types, rows.confidence)
    assert told[place] == alone[0]
    assert not numpy.isnan(told).any()


def test_each_fold_holds_out_as_many_wrong_ones_and_each_example_once() -> None:
    wrong = numpy.arange(97) % 4 == 0
    held_out = numpy.array(list(folds(wrong)))
    assert held_out.sum(axis=0).tolist() == [1] * 97
    assert sorted((held_out & wrong).sum(axis=1).tolist()) == [5, 5, 5, 5, 5]


def test_where_no_confidence_was_stated_the_model_has_no_maps() -> None:
    examples, _ = invented(400)
    silent = examples._replace(rows=examples.rows._replace(confidence=numpy.full(400, numpy.nan)))
    assert fit(silent).weights.maps is None


def test_too_few_to_make_it_a_probability_leave_it_as_it_is() -> None:
    assert not fit(invented(40)[0]).is_calibrated
    assert fit(invented(900)[0]).is_calibrated


# The trainer.


def test_trained_twice_it_is_the_same_to_the_byte(shown: Examples) -> None:
    first, second = review_risk.train(run()), review_risk.train(run())
    assert first == second
    assert first.format == "json"
    assert first.data_set_digest == digest_of(shown)
    assert read(first.artifact).agents == ["careful", "fair", "wild"]


def test_it_tells_how_far_it_is_and_what_came_of_it(shown: Examples) -> None:
    told: list[tuple[float, str]] = []
    review_risk.train(run(lambda progress, line: told.append((progress, line))))
    assert [progress for progress, _ in told] == [0.0, 0.3, 0.6, 1.0]
    assert "2,000 decisions were looked at" in told[1][1]
    assert "With 20 % looked at it finds" in told[-1][1]


def test_its_card_and_its_figures_can_be_shown(shown: Examples) -> None:
    trained = review_risk.train(run())
    card = card_of(trained.card)
    assert card.summary.startswith("The probability that a person would correct a decision.")
    assert dict(card.trained_on)["n"] == 1_600
    assert dict(card.tested_on)["n"] == 400 == sum(one.n for one in card.reliability)
    assert card.confusion is not None
    assert sum(sum(numbers) for _, numbers in card.confusion.rows) == 400
    assert card.curve is not None
    assert set(card.curve.lines) == {"review_risk", "lowest confidence", "at random"}
    assert len(card.features) == len(trained.card["features"])
    assert len(card.limits) == len(review_risk.LIMITS)
    assert {"auc", "brier", "ece", "caught_at_20"} <= dict(figures_of(trained.metrics)).keys()


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"depth": 3}, "no parameter 'depth'"),
        ({"strength": "much"}, "strength is a number"),
        ({"strength": True}, "strength is a number"),
        ({"strength": 0}, "strength is a number"),
        ({"strength": float("nan")}, "strength is a number"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused(config: dict[str, Any], says: str) -> None:
    with pytest.raises(TrainingFailed, match=says):
        review_risk.train(run(**config))


def test_from_too_few_verdicts_it_learns_nothing(agent: Agent, reviewer: User) -> None:
    for minute in range(3):
        judge(agent, reviewer, minute=minute)
    with pytest.raises(TrainingFailed, match="Only 3 decisions of agents have a verdict"):
        review_risk.train(run())


def test_where_nothing_was_ever_corrected_there_is_nothing_to_learn(
    shown: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_right = shown._replace(wrong=numpy.zeros(shown.n, bool))
    monkeypatch.setattr(data_set, "read_examples", lambda feedback_ids: all_right)
    with pytest.raises(TrainingFailed, match="Of the oldest 1600 decisions 0 were corrected"):
        review_risk.train(run())


def test_where_few_stand_for_almost_all_it_learns_nothing(
    shown: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    weight = numpy.where(numpy.arange(shown.n) % 200 == 0, 1_000.0, 1.0)
    few = shown._replace(weight=weight)
    monkeypatch.setattr(data_set, "read_examples", lambda feedback_ids: few)
    with pytest.raises(TrainingFailed, match="The 2000 decisions say as much as 14 of one weight"):
        review_risk.train(run())
