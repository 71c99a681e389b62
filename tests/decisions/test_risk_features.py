"""What a risk is read from, and what a model makes of it: one decision as many."""

from __future__ import annotations

from datetime import UTC, datetime
from math import log, nan
from typing import Any
from uuid import UUID

import msgspec
import numpy
import pytest

from decisions.assessments import Known
from decisions.learning.examples import MICROSECONDS, Rows
from decisions.learning.features import PLAIN, Facts, Records, Tally, plain
from decisions.learning.maps import Broken, Map, Maps
from decisions.learning.scorer import PARTS, Scorer, Weights, read, written

AGENT = UUID("01890000-0000-7000-8000-00000000000a")
SATURDAY = datetime(2026, 3, 7, 6, tzinfo=UTC)
NEW = Records()
SEEN = Records(Tally(20.0, 100.0, 100), Tally(6.0, 20.0, 15), Tally(4.0, 8.0, 4))


def value(name: str, facts: Facts, records: Records = NEW) -> float:
    return float(plain(facts, records)[PLAIN.index(name)])


def facts(**more: Any) -> Facts:
    stated: dict[str, Any] = {
        "confidence": 0.8, "worth": nan, "attempt": 1, "size": 11, "at": SATURDAY.timestamp(),
    }  # fmt: skip
    return Facts(**(stated | more))


def weights(**more: Any) -> Weights:
    """Of a model that goes by doubt alone, unless told otherwise."""
    plainly = {
        "kind": "review_risk/1", "agents": [str(AGENT)], "task_types": ["digits"],
        "of_plain": [1.0] + [0.0] * (len(PLAIN) - 1), "of_priority": [0.0] * 4, "of_agent": [0.0] * 2,
        "of_doubt": [0.0] * 2, "of_task_type": [0.0] * 2, "intercept": 0.0, "lowest": [-9.0] * len(PLAIN),
        "highest": [9.0] * len(PLAIN), "usual": [0.0] * len(PARTS), "slope": 1.0, "offset": 0.0,
        "known_until": 0, "learned_until": 0, "records": [],
    }  # fmt: skip
    return msgspec.convert(plainly | more, Weights)


def doubling(agent: str) -> Maps:
    """To this agent's model it errs twice as often as it says; of the others half are right, whatever they say."""
    own = Map([0.0, 0.5, 1.0], [0.001, 0.001, 0.999], 1.0, 0.0, 50, 50.0)
    flat = Map([0.5], [0.5], 0.0, 0.0, 90, 90.0)
    return Maps("calibration/1", flat, {agent: own}, {})


def known(**more: Any) -> Known:
    stated: dict[str, Any] = {
        "agent_id": AGENT, "task_type": "digits", "priority": 1, "confidence": 0.8, "attempt": 1, "size": 11,
        "at": SATURDAY,
    }  # fmt: skip
    return Known(**(stated | more))


def test_doubt_is_the_log_odds_against_what_was_stated() -> None:
    assert value("doubt", facts()) == pytest.approx(-log(4))
    assert value("doubt", facts(confidence=1.0)) == pytest.approx(-log(199))


def test_no_confidence_is_a_fact_of_its_own_and_no_doubt() -> None:
    assert value("unstated", facts(confidence=nan)) == 1
    assert value("doubt", facts(confidence=nan)) == 0
    assert value("unstated", facts()) == 0


def test_a_recalibrated_confidence_says_how_much_less_the_stated_one_is_worth() -> None:
    assert value("worth_less", facts(worth=0.5)) == pytest.approx(log(4))
    assert value("worth_less", facts()) == 0
    assert value("worth_less", facts(confidence=nan, worth=0.5)) == 0


def test_a_record_leans_on_all_agents_as_long_as_it_is_short() -> None:
    everyone = (0.2 * 100 + 0.2 * 5) / 105
    agent = (0.3 * 15 + everyone * 5) / 20
    of_type = (0.5 * 4 + agent * 5) / 9
    assert value("agent_record", facts(), SEEN) == pytest.approx(log(agent / (1 - agent)))
    assert value("type_record", facts(), SEEN) == pytest.approx(log(of_type / (1 - of_type)))
    assert value("agent_record", facts()) == pytest.approx(log(0.2 / 0.8))


def test_the_time_is_that_of_the_day_and_of_the_week() -> None:
    assert value("weekend", facts()) == 1
    assert value("weekend", facts(at=SATURDAY.timestamp() - 86_400)) == 0
    assert value("hour_sin", facts()) == pytest.approx(1)
    assert value("hour_cos", facts()) == pytest.approx(0, abs=1e-9)


def test_the_risk_of_one_is_the_risk_of_the_same_among_many() -> None:
    random = numpy.random.default_rng(3)
    uneven = weights(
        of_plain=random.normal(size=len(PLAIN)).tolist(), of_priority=[0.1, 0.2, 0.3, 0.4], of_agent=[0.5, -0.5],
        of_doubt=[0.3, -0.3], of_task_type=[0.7, -0.7], intercept=-1.0, slope=0.8, offset=0.1,
        maps=doubling(str(AGENT)),
    )  # fmt: skip
    scorer = Scorer(uneven)
    asked = [
        known(), known(agent_id=UUID(int=1), task_type="other", confidence=None),
        known(priority=3, confidence=0.1, attempt=4, size=40_000),
    ]  # fmt: skip
    many = scorer.score_many(rows_of(asked), Records(*(spread(tally) for tally in SEEN)))
    one_by_one = [scorer.score(one, None, SEEN).risk for one in asked]
    assert many.tolist() == pytest.approx(one_by_one, abs=1e-12)
    assert len(set(one_by_one)) == 3


def rows_of(asked: list[Known]) -> Rows:
    return Rows(
        numpy.array([str(one.agent_id) for one in asked], object),
        numpy.array([one.task_type for one in asked], object),
        numpy.array([one.priority for one in asked]),
        numpy.array([nan if one.confidence is None else one.confidence for one in asked]),
        numpy.full(len(asked), nan),
        numpy.array([float(one.attempt) for one in asked]),
        numpy.array([float(one.size) for one in asked]),
        numpy.array([int(one.at.timestamp() * MICROSECONDS) for one in asked]),
    )


def spread(tally: Tally) -> Tally:
    return Tally(*(numpy.full(3, number) for number in tally))


def test_a_stated_confidence_is_worth_what_the_model_learned_of_it() -> None:
    """Not what the calibration that is live makes of it, which people are shown: that may have changed since."""
    by_worth = weights(of_plain=[1.0, 0, 1.0, *[0.0] * (len(PLAIN) - 3)], maps=doubling(str(AGENT)))
    for shown in (None, 0.2, 0.9):
        assert Scorer(by_worth).score(known(confidence=0.75), shown, NEW).risk == pytest.approx(0.5)
    stranger = known(agent_id=UUID(int=1), confidence=0.99)
    assert Scorer(by_worth).score(stranger, None, NEW).risk == pytest.approx(0.5)
    plainly = weights(of_plain=by_worth.of_plain)
    assert Scorer(plainly).score(known(confidence=0.75), 0.5, NEW).risk == pytest.approx(0.25)


def test_who_is_not_known_to_the_model_counts_as_one_of_the_others() -> None:
    scorer = Scorer(weights(of_agent=[0.0, 2.0]))
    stranger = scorer.score(known(agent_id=UUID(int=1)), None, NEW)
    assert stranger.risk > scorer.score(known(), None, NEW).risk


def test_values_beyond_what_was_seen_count_as_the_nearest_that_was() -> None:
    scorer = Scorer(weights(lowest=[-1.0] + [-9.0] * (len(PLAIN) - 1)))
    assert scorer.score(known(confidence=0.99), None, NEW).risk == pytest.approx(1 / (1 + numpy.e))


def test_the_three_strongest_reasons_are_told_in_words() -> None:
    shares = weights(of_plain=[1, 0, 0, 0.5, 0, 2, 0, 0, 0, 0, 0, 0], of_priority=[0, 0.1, 0, 0])
    reasons = Scorer(shares).score(known(confidence=0.62), 0.41, SEEN).reasons
    assert [reason["feature"] for reason in reasons] == ["record", "confidence", "agent"]
    assert [reason["says"] for reason in reasons] == [
        "of this agent's work on digits people corrected 50 % (4 verdicts)",
        "stated confidence 0.62, worth 0.41 by past verdicts",
        "of this agent's work people corrected 30 % (15 verdicts)",
    ]
    assert [reason["weight"] for reason in reasons] == sorted(
        (reason["weight"] for reason in reasons), key=abs, reverse=True
    )


def test_a_reason_is_told_against_what_is_usual() -> None:
    shares = weights(usual=[-log(4), 0, 0, 0, 0, 0, 0, 0])
    (confidence,) = [
        reason
        for reason in Scorer(shares).score(known(), None, NEW).reasons
        if reason["feature"] == "confidence"
    ]
    assert confidence["weight"] == 0
    assert confidence["says"] == "stated confidence 0.80"


def test_weights_are_read_as_they_were_written() -> None:
    assert read(written(weights())) == weights()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not the weights of a risk model"),
        (b"\x80\x04pickle", "not the weights of a risk model"),
        (b'{"kind": "calibration/1"}', "not the weights of a risk model"),
        (msgspec.json.encode({**msgspec.to_builtins(weights()), "run": "this"}), "not the weights"),
        (written(weights(of_plain=[1.0])), "of_plain has 1 numbers, not 12"),
        (written(weights()).replace(b'"slope":1.0', b'"slope":NaN'), "not the weights"),
    ],
)
def test_anything_else_is_refused_in_words(content: bytes, says: str) -> None:
    with pytest.raises(Broken, match=says):
        read(content)
