"""The calibration is trained on verdicts and tested on later ones; the version that is live has its say in rulings."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import numpy
import pytest
from django.test import Client

from agentic.actors import Actor
from agentic.models import Event, User
from agents.models import Agent
from agents.services import register_agent
from decisions.learning import calibration, data_set, recalibration
from decisions.learning.examples import Examples
from decisions.learning.mapping import Stated, maps_of, stated_of
from decisions.learning.maps import Map, Maps, read, written
from decisions.models import Decision
from mlregistry import artifacts
from mlregistry.cards import card_of, figures_of
from mlregistry.gates import held_against
from mlregistry.models import RegisteredModel, TrainingJob
from mlregistry.trainers import Run, TrainingFailed
from tests.conftest import Api
from tests.decisions.floor import Floor, activate_policy
from tests.decisions.judged import feedback_on, invented, judge

ClientFor = Callable[[User | str | None], Api]
Browse = Callable[[User], Client]
JOB = UUID("01890000-0000-7000-8000-00000000000c")
HALF = Map([0.5, 1.0], [0.25, 0.5], 1.0, 0.0, 80, 80.0)


@pytest.fixture(autouse=True)
def apart(settings: Any, tmp_path: Path) -> None:
    settings.MODEL_ROOT = tmp_path
    recalibration.complained.clear()


def run(tell: Any = lambda progress, line: None, *ids: UUID, **config: Any) -> Run:
    return Run(JOB, "calibration", config, 7, ids, tell)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, operator: Actor) -> Examples:
    """What the trainer reads: synthetic, of three agents; the wild one says far more than it keeps."""
    examples, _ = invented(2_000, sampled=0.3)
    for name in ("careful", "fair", "wild"):
        pk = register_agent(actor=operator, name=name).pk
        examples.rows.agents[examples.rows.agents == name] = str(pk)
    monkeypatch.setattr(data_set, "read_examples", lambda feedback_ids: examples)
    return examples


def go_live(agents: dict[str, Map] | None = None, content: bytes | None = None) -> str:
    """As a training job would have made it: everybody is worth half of what they say. Answers its SHA-256."""
    made = Maps("calibration/1", HALF, agents or {}, {})
    sha256 = artifacts.store(written(made) if content is None else content).sha256
    RegisteredModel.objects.filter(name="calibration").update(is_active=False)
    job = TrainingJob.objects.create(model_name="calibration")
    RegisteredModel.objects.create(
        name="calibration", version="1", sha256=sha256, format="json", training_job=job, is_active=True
    )  # fmt: skip
    recalibration.live.forget()
    return sha256


def decided(floor: Floor, confidence: float | None) -> Decision:
    task_id, token = floor.working()
    floor.complete(task_id, token, confidence=confidence)
    return Decision.objects.get(task=task_id)


def judge_many(agent: Agent, reviewer: User, n: int, *, right: float, **more: Any) -> None:
    """So many, a minute apart; which are wrong is spread over all of them."""
    for place in range(n):
        is_right = int((place + 1) * right) > int(place * right)
        verdict = "approve" if is_right else "reject"
        judge(agent, reviewer, minute=place, verdict=verdict, **({"confidence": 0.9} | more))


# Training.


def test_the_agent_that_is_too_sure_is_brought_down_on_what_was_not_learned(
    shown: Examples,
) -> None:
    trained = calibration.train(run())
    before, after = (
        trained.metrics[f"wild: calibration_error{suffix}"] for suffix in ("_before", "")
    )
    assert before["low"] > 0.15
    assert after["value"] < before["value"] / 3
    assert trained.metrics["brier"]["value"] < trained.metrics["brier_before"]["value"]
    assert 0 < before["n"] < trained.metrics["ece"]["n"] == shown.n - int(0.7 * shown.n)


def test_the_same_examples_give_the_same_bytes_and_figures(shown: Examples) -> None:
    first, again = calibration.train(run()), calibration.train(run())
    assert first == again
    assert len(first.data_set_digest) == 64


def test_later_ones_do_not_flatter_the_figures(shown: Examples) -> None:
    """Whatever people said of the newest 30 %, the map that they test is the same."""
    stated = stated_of(shown)
    older, newer = calibration.split(stated)
    assert shown.rows.at[: older.n].max() <= shown.rows.at[older.n :].min()
    assert older.n + newer.n == stated.n


def test_its_card_and_metrics_can_be_shown_and_pass_the_gate(shown: Examples) -> None:
    trained = calibration.train(run())
    card = card_of(msgspec.to_builtins(trained.card))
    assert card.summary
    assert card.curve is not None
    assert set(card.curve.lines) == {"as stated", "all agents", "careful", "fair", "wild"}
    assert sum(one.n for one in card.reliability) == trained.metrics["ece"]["n"]
    assert len(card.trained_on) == 6
    assert dict(figures_of(trained.metrics))["ece"].n == trained.metrics["ece"]["n"]
    model = RegisteredModel(name="calibration", metrics=trained.metrics)
    assert [line.ok for line in held_against(model, None)[1:]] == [True, True]


def test_it_tells_how_far_it_is(shown: Examples) -> None:
    said: list[tuple[float, str]] = []
    calibration.train(run(lambda progress, line: said.append((progress, line))))
    shares = [progress for progress, _ in said]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert "Brier score was" in said[-1][1]


def test_what_was_decided_without_a_confidence_is_no_example(shown: Examples) -> None:
    shown.rows.confidence[::2] = numpy.nan
    trained = calibration.train(run())
    assert trained.card["trained_on"]["n"] == shown.n // 2


def test_there_is_nothing_to_set(db: None) -> None:
    with pytest.raises(TrainingFailed, match="no parameter 'depth'"):
        calibration.train(run(depth=3))


@pytest.mark.parametrize(("n", "right"), [(0, 0.5), (20, 0.5), (80, 1.0)])
def test_too_few_are_refused_in_words(agent: Agent, reviewer: User, n: int, right: float) -> None:
    judge_many(agent, reviewer, n, right=right)
    with pytest.raises(TrainingFailed, match=f"Too few: {n} decisions"):
        calibration.train(run())


def test_it_learns_from_rows_and_names_agents(agent: Agent, reviewer: User) -> None:
    judge_many(agent, reviewer, 100, right=0.6)
    trained = calibration.train(run())
    maps = read(trained.artifact)
    nearest, basis = maps.of(str(agent.pk), "default")
    assert basis == "agent"
    assert 0.6 < nearest.of(0.9) < 0.8
    assert trained.metrics["reader: ece_before"]["value"] == pytest.approx(0.3, abs=0.05)


def test_what_nobody_saw_is_no_example(agent: Agent, reviewer: User) -> None:
    judge_many(agent, reviewer, 80, right=0.6, route="auto", audit_probability=0.05)
    with pytest.raises(TrainingFailed, match="Too few: 0 decisions"):
        calibration.train(run())


def test_only_what_is_asked_for_is_learned_from(agent: Agent, reviewer: User) -> None:
    one = feedback_on(judge(agent, reviewer))
    judge_many(agent, reviewer, 80, right=0.5)
    with pytest.raises(TrainingFailed, match="Too few: 1 decisions"):
        calibration.train(run(lambda progress, line: None, one.pk))


# In use.


def test_without_a_version_the_stated_one_holds(floor: Floor) -> None:
    row = decided(floor, 0.8)
    assert row.recalibrated_confidence is None
    assert "worth" not in row.reason


def test_the_policy_goes_by_what_a_confidence_is_worth(floor: Floor) -> None:
    activate_policy(threshold=0.7)
    assert decided(floor, 0.9).route == "auto"
    go_live()
    row = decided(floor, 0.9)
    assert row.route == "person"
    assert row.recalibrated_confidence == pytest.approx(0.45)
    assert row.reason == "confidence 0.9, worth 0.45 by past verdicts, is below 0.7 (default)"
    told = Event.objects.get(entity_id=row.pk, event_type="decision.proposed").data
    assert told["recalibrated_confidence"] == row.recalibrated_confidence


def test_a_modest_agent_passes_where_it_would_not_have(floor: Floor) -> None:
    activate_policy(threshold=0.9)
    go_live({str(floor.agent.pk): Map([0.5], [0.95], 1.0, 2.0, 300, 300.0)})
    row = decided(floor, 0.7)
    assert (row.route, row.recalibrated_confidence) == ("auto", 0.95)
    assert "worth 0.95" in row.reason


def test_without_a_stated_confidence_there_is_nothing_to_recalibrate(floor: Floor) -> None:
    go_live()
    row = decided(floor, None)
    assert (row.recalibrated_confidence, row.route) == (None, "person")


def test_who_is_unknown_is_worth_what_all_are(floor: Floor) -> None:
    go_live({str(JOB): Map([0.5], [0.95], 1.0, 2.0, 300, 300.0)})
    assert decided(floor, 1.0).recalibrated_confidence == 0.5


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"[" * 100_000, b'{"kind": "other"}'])
def test_what_is_no_calibration_is_not_used(floor: Floor, content: bytes) -> None:
    go_live(content=content)
    assert decided(floor, 0.8).recalibrated_confidence is None
    assert "unusable" in recalibration.live.missing


def test_a_file_that_was_changed_by_one_byte_is_not_used(floor: Floor) -> None:
    activate_policy(threshold=0.7)
    file = artifacts.place_of(go_live())
    file.chmod(0o600)
    file.write_bytes(file.read_bytes().replace(b"0.25", b"0.26"))
    decision = decided(floor, 0.8)
    assert decision.recalibrated_confidence is None
    assert "confidence 0.8, as stated, as the calibration is unusable," in decision.reason


def test_a_failure_within_is_no_failure_of_the_decision(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(agent: str, task_type: str, confidence: float) -> None:
        raise ZeroDivisionError

    activate_policy(threshold=0.7)
    monkeypatch.setattr(recalibration, "told", broken)
    for _ in range(2):
        decision = decided(floor, 0.8)
        assert decision.recalibrated_confidence is None
        assert "as stated, as the calibration fails," in decision.reason
    assert caplog.text.count("what a confidence is worth could not be told") == 1


def test_an_agent_that_was_always_wrong_is_not_taken_for_the_others() -> None:
    chance = numpy.random.default_rng(5)
    agents = numpy.repeat(numpy.array(["good", "bad"], object), [400, 100])
    right = numpy.where(agents == "bad", False, chance.random(500) < 0.95)
    n = len(agents)
    types = numpy.full(n, "digits", dtype=object)
    maps = maps_of(Stated(agents, types, numpy.full(n, 0.97), right, numpy.ones(n)))
    assert maps.of("bad", "digits")[1] == "agent"
    assert maps.of("bad", "digits")[0].of(0.97) < 0.05
    assert maps.of("good", "digits")[0].of(0.97) > 0.9


def test_it_takes_no_time(shown: Examples) -> None:
    go_live(content=calibration.train(run()).artifact)
    wild = str(Agent.objects.get(name="wild").pk)
    assert recalibration.told(wild, "digits", 0.9).basis == "agent"
    began = time.perf_counter()
    for _ in range(1_000):
        recalibration.told(wild, "digits", 0.9)
    assert time.perf_counter() - began < 0.1


# By the API.


def test_the_api_shows_both_by_the_same_decisions(
    client_for: ClientFor, manager: User, agent: Agent, reviewer: User
) -> None:
    judge_many(agent, reviewer, 10, right=0.5)
    judge_many(agent, reviewer, 20, right=0.5, recalibrated_confidence=0.5, task_type="hard")
    go_live()
    api, address = client_for(manager), f"/admin/agents/{agent.pk}/calibration"
    answer = api.get(address).json()
    assert (answer["judged"], answer["drawn"], answer["unstated"]) == (30, 0, 0)
    assert answer["stated"]["n"] == 30
    assert answer["stated"]["ece"]["value"] == pytest.approx(0.4)
    both = answer["recalibration"]
    assert (both["stated"]["n"], both["recalibrated"]["n"]) == (20, 20)
    assert both["stated"]["ece"]["value"] == pytest.approx(0.4)
    assert both["recalibrated"]["ece"]["value"] == pytest.approx(0)
    assert [(one["low"], one["n"]) for one in answer["bins"]] == [(0.9, 30)]
    assert answer["basis"] == {"version": "1", "basis": "pooled", "n": 80, "missing": ""}
    assert api.get(address, task_type="hard").json()["judged"] == 20
    assert api.get(address, task_type="none").json()["stated"] is None


def test_the_api_weighs_what_was_drawn(
    client_for: ClientFor, manager: User, agent: Agent, reviewer: User
) -> None:
    judge(agent, reviewer, confidence=0.5, verdict="reject")
    judge(agent, reviewer, confidence=0.5, route="sample", audit_probability=0.25)
    answer = client_for(manager).get(f"/admin/agents/{agent.pk}/calibration").json()
    assert answer["bins"][0]["right"] == pytest.approx(4 / 5)
    assert answer["drawn"] == 1
    assert answer["stated"]["effective_n"] == pytest.approx(25 / 17, abs=0.1)


def test_the_api_refuses_an_odd_type_and_knows_no_other_agent(
    client_for: ClientFor, manager: User, agent: Agent
) -> None:
    api = client_for(manager)
    for odd in ("\0", "x" * 5_000):
        answer = api.get(f"/admin/agents/{agent.pk}/calibration", task_type=odd)
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["task_type"])
    assert api.get(f"/admin/agents/{JOB}/calibration", task_type="\0").status_code == 404


def test_another_agents_decisions_are_not_mixed_in(
    client_for: ClientFor, manager: User, agent: Agent, reviewer: User, operator: Actor
) -> None:
    other = register_agent(actor=operator, name="other")
    judge_many(other, reviewer, 5, right=0.5)
    answer = client_for(manager).get(f"/admin/agents/{agent.pk}/calibration").json()
    assert (answer["judged"], answer["bins"]) == (0, [])
