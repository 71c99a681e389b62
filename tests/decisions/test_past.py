"""Past decisions as policies are tried on them: with what the models that are live say of each, as in earnest."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy
import pytest

from agentic.actors import Actor
from agentic.clock import database_now
from agentic.models import User
from agents.models import Agent
from agents.services import register_agent
from decisions.assessments import Known
from decisions.learning import recalibration
from decisions.learning.assessing import assess
from decisions.learning.data_set import microseconds
from decisions.learning.maps import Map, Maps, written
from decisions.learning.scorer import written as weights_written
from decisions.models import Decision, Feedback
from decisions.past import read_past
from mlregistry import artifacts
from mlregistry.models import RegisteredModel, TrainingJob
from tests.decisions.judged import BEGAN, feedback_on, judge
from tests.decisions.test_risk_features import doubling, weights
from tests.decisions.test_risk_in_use import go_live

POOLED = Map([0.0, 0.5, 1.0], [0.2, 0.4, 0.9], 1.0, 0.0, 90, 90.0)
OWN = Map([0.3, 0.9], [0.1, 0.6], 1.0, 0.0, 60, 60.0)
BY_WORTH = [0.0, 0.0, 1.0, *[0.0] * 9]
LETTERS = Map([0.5], [0.55], 1.0, 0.0, 50, 50.0)


def calibrate(agent: Agent) -> None:
    own, letters = {str(agent.pk): OWN}, {str(agent.pk): {"letters": LETTERS}}
    sha256 = artifacts.store(written(Maps("calibration/1", POOLED, own, letters))).sha256
    job = TrainingJob.objects.create(model_name="calibration")
    RegisteredModel.objects.create(
        name="calibration", version="1", sha256=sha256, format="json", training_job=job, is_active=True
    )  # fmt: skip
    recalibration.live.forget()


def made(agent: Agent, reviewer: User, number: int, **more: Any) -> list[Decision]:
    """One each minute, the last of them an hour ago."""
    began = (database_now() - timedelta(minutes=60 + number) - BEGAN) / timedelta(minutes=1)
    types = ("digits", "letters")
    return [
        judge(
            agent,
            reviewer,
            minute=began + place,
            confidence=None if place == 3 else place / number,
            task_type=types[place % 2],
            priority=place % 4,
            **more,
        )
        for place in range(number)
    ]


def known(decision: Decision) -> Known:
    task = decision.task
    assert decision.agent_id
    return Known(
        agent_id=decision.agent_id, task_type=task.task_type, priority=task.priority, confidence=decision.confidence,
        attempt=1, size=11, at=decision.created_at,
    )  # fmt: skip


def test_confidences_are_worth_what_the_live_calibration_says(
    agent: Agent, reviewer: User, operator: Actor
) -> None:
    mine = made(agent, reviewer, 20, recalibrated_confidence=0.123)
    other = register_agent(actor=operator, name="other", capabilities=[], max_concurrent_tasks=4)
    others = made(other, reviewer, 20, recalibrated_confidence=0.123)
    calibrate(agent)
    wanted = {
        microseconds(one.created_at): (one.agent_id, assess(known(one)).confidence)
        for one in mine + others
    }
    worth = sorted(value for _, value in wanted.values() if value is not None)
    past = read_past()
    assert sorted(past.worth[~numpy.isnan(past.worth)].tolist()) == pytest.approx(worth)
    assert int(numpy.isnan(past.worth).sum()) == 2


def test_without_a_calibration_they_are_worth_what_was_kept(agent: Agent, reviewer: User) -> None:
    made(agent, reviewer, 5, recalibrated_confidence=0.123)
    assert read_past().worth.tolist() == [0.123] * 5


def test_the_risk_is_the_models_own_whichever_calibration_is_live(
    agent: Agent, reviewer: User
) -> None:
    made(agent, reviewer, 20)
    go_live(content=weights_written(weights(of_plain=BY_WORTH, maps=doubling(str(agent.pk)))))
    before = read_past().risk
    assert len(set(before.tolist())) > 1
    calibrate(agent)
    assert read_past().risk.tolist() == before.tolist()


def test_what_the_model_has_learned_from_is_not_fresh(agent: Agent, reviewer: User) -> None:
    decisions = made(agent, reviewer, 10)
    go_live(learned_until=microseconds(decisions[6].created_at))
    assert read_past().fresh.sum() == 3


def passed(agent: Agent, reviewer: User, number: int, **more: Any) -> list[Decision]:
    """Nobody has seen them, and nobody has said anything of them."""
    return made(agent, reviewer, number, **{"route": "auto", "audit_probability": 0.1} | more)


def tell(decision: Decision, correct: bool) -> None:
    Feedback.objects.create(
        task=decision.task,
        decision=decision,
        agent=decision.agent,
        feedback_type="outcome_result",
        content={"correct": correct},
    )


def test_what_turned_out_afterwards_is_known_the_newest_word_of_it(
    agent: Agent, reviewer: User
) -> None:
    decisions = passed(agent, reviewer, 4)
    for place, correct in ((0, True), (1, False), (2, True), (2, False)):
        tell(decisions[place], correct)
    feedback_on(decisions[3])
    past = read_past()
    assert numpy.nan_to_num(past.outcome, nan=-1).tolist() == [-1, 0, 0, 1]
    assert not past.judged.any()


def test_it_knows_what_waits_for_people_from_what_they_saw(
    agent: Agent, reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed(agent, reviewer, 2)
    monkeypatch.setattr("tests.decisions.judged.STATUS", {"approve": "pending"})
    made(agent, reviewer, 3)
    monkeypatch.setattr("tests.decisions.judged.STATUS", {"approve": "expired"})
    made(agent, reviewer, 4, route="sample", audit_probability=0.1)
    past = read_past()
    assert (past.to_people.sum(), past.pending.sum(), past.judged.sum()) == (7, 3, 0)
    assert sorted(past.seen.tolist()) == [0.1] * 6 + [1.0] * 3


def test_where_not_all_are_read_it_says_since_when(
    agent: Agent, reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    decisions = made(agent, reviewer, 10)
    whole = read_past()
    assert not whole.are_cut
    assert whole.until - whole.since == timedelta(days=30)
    monkeypatch.setattr("decisions.past.MOST", 4)
    newest = read_past()
    assert newest.are_cut
    assert newest.since == decisions[6].created_at


def test_what_was_scored_when_it_was_made_is_fresh(agent: Agent, reviewer: User) -> None:
    made(agent, reviewer, 10, predicted_risk=0.2)
    past = read_past()
    assert past.fresh.all()
    assert past.risk.tolist() == [0.2] * 10
