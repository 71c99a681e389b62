"""The risk model that is live has its say in every ruling; without it the thresholds rule, and the reason says so."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from agentic.models import Event, User
from agents.models import Agent
from decisions.learning import keeping, predictor
from decisions.learning.scorer import written
from decisions.models import Decision, Review
from decisions.plans import known
from decisions.work import load_one
from mlregistry import artifacts
from mlregistry.models import RegisteredModel, TrainingJob
from tests.conftest import Api
from tests.decisions.floor import Floor, activate_policy
from tests.decisions.judged import judge
from tests.decisions.test_risk_features import weights

ClientFor = Callable[[User | str | None], Api]
# Goes by the stated confidence, and by the agent's record.
PLAINLY = [1.0, 0, 0, 1.0, 0, 0, 0, 0, 0, 0, 0, 0]


@pytest.fixture(autouse=True)
def nothing_complained_of() -> None:
    predictor.complained.clear()


def go_live(version: str = "1", content: bytes | None = None, **more: Any) -> str:
    """A version of these weights, as a training job would have made it; the SHA-256 of its file."""
    content = written(weights(of_plain=PLAINLY, **more)) if content is None else content
    sha256 = artifacts.store(content).sha256
    RegisteredModel.objects.filter(name="review_risk").update(is_active=False)
    job = TrainingJob.objects.create(model_name="review_risk")
    RegisteredModel.objects.create(
        name="review_risk", version=version, sha256=sha256, format="json", training_job=job, is_active=True
    )  # fmt: skip
    predictor.live.forget()
    return sha256


def decided(floor: Floor, **said: Any) -> Decision:
    task_id, token = floor.working()
    floor.complete(task_id, token, **({"confidence": 0.8} | said))
    return Decision.objects.get(task=task_id)


def by_budget() -> None:
    activate_policy(threshold=0.5, budget="share", budget_value=0.2, risk_threshold=0.4)


def test_the_risk_its_reasons_and_the_version_are_kept_with_the_decision(floor: Floor) -> None:
    go_live("2026-03-01.1")
    row = decided(floor, confidence=0.8)
    assert row.predicted_risk is not None
    # Doubt and record, both of which say one in five.
    assert row.predicted_risk == pytest.approx(1 / 17)
    assert row.model_version == "2026-03-01.1"
    assert row.risk_reasons is not None
    assert [reason["feature"] for reason in row.risk_reasons[:2]] == ["confidence", "agent"]
    assert row.risk_reasons[0]["says"] == "stated confidence 0.80"
    assert len(row.risk_reasons) == 3


def test_the_event_tells_it_too(floor: Floor) -> None:
    go_live()
    row = decided(floor)
    told = Event.objects.get(entity_id=row.pk, event_type="decision.proposed").data
    assert told["predicted_risk"] == row.predicted_risk
    assert told["risk_reasons"] == row.risk_reasons
    assert told["model_version"] == "1"


def test_a_proposal_is_scored_as_a_result_is(floor: Floor) -> None:
    go_live()
    task_id, token = floor.working()
    floor.propose(task_id, token, decision_type="mail", confidence=0.8)
    assert Decision.objects.get(task=task_id).predicted_risk == pytest.approx(1 / 17)


def test_reviewers_read_it_over_the_api(
    floor: Floor, client_for: ClientFor, reviewer: User
) -> None:
    go_live()
    row = decided(floor)
    (told,) = client_for(reviewer).get("/decisions/reviews").json()["reviews"]
    assert told["predicted_risk"] == row.predicted_risk
    assert told["risk_reasons"] == row.risk_reasons
    assert told["model_version"] == "1"
    assert told["recalibrated_confidence"] is None


def test_by_a_budget_the_risk_decides(floor: Floor) -> None:
    go_live()
    by_budget()
    assert decided(floor, confidence=0.8).reason == "risk 0.0588 is below 0.4"
    risky = decided(floor, confidence=0.2)
    assert (risky.route, risky.reason) == ("person", "risk 0.5 reaches 0.4")


def test_without_a_model_the_thresholds_rule_and_the_reason_says_so(floor: Floor) -> None:
    by_budget()
    row = decided(floor)
    assert (
        row.reason == "confidence 0.8 reaches 0.5 (default); by thresholds, as no version is live"
    )
    assert (row.predicted_risk, row.risk_reasons, row.model_version) == (None, None, "")


def test_a_file_that_was_changed_is_not_used_and_the_reason_says_so(floor: Floor) -> None:
    place = artifacts.place_of(go_live("7"))
    place.chmod(0o600)
    place.write_bytes(place.read_bytes().replace(b'"slope":1.0', b'"slope":0.0'))
    by_budget()
    row = decided(floor, confidence=0.3)
    assert row.route == "person"
    assert "by thresholds, as version 7 is unusable: the file was changed" in row.reason


@pytest.mark.parametrize(
    "content", [b"", b"\x80\x04.", b"{}", b"[1]", b'{"kind": "review_risk/1"}']
)
def test_a_file_that_is_no_model_is_not_used(floor: Floor, content: bytes) -> None:
    go_live(content=content)
    by_budget()
    assert "as version 1 is unusable: " in decided(floor).reason


def test_a_model_that_breaks_is_complained_of_once(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    go_live()
    by_budget()

    def broken(*asked: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("decisions.learning.scorer.Scorer.score", broken)
    for _ in range(3):
        assert decided(floor).reason.endswith("by thresholds, as the risk model fails")
    assert [line.levelname for line in caplog.records if "risk of a decision" in line.message] == [
        "ERROR"
    ]


def test_what_people_say_is_known_at_the_next_look(
    floor: Floor, agent: Agent, reviewer: User
) -> None:
    go_live()
    before = decided(floor).predicted_risk
    for minute in range(20):
        judge(agent, reviewer, minute=minute, verdict="reject")
    assert decided(floor).predicted_risk == before
    look_again()
    after = decided(floor)
    assert before is not None
    assert after.predicted_risk is not None
    assert after.predicted_risk > before
    assert after.risk_reasons is not None
    assert "of this agent's work people corrected 100 % (20 verdicts)" in [
        reason["says"] for reason in after.risk_reasons
    ]


def test_a_verdict_is_counted_once_however_often_one_looks(
    floor: Floor, agent: Agent, reviewer: User
) -> None:
    """Those of the last seconds are read again, those before them are not."""
    go_live()
    for minute in range(3):
        judge(agent, reviewer, minute=minute)
    for _ in range(3):
        look_again()
        decided(floor)
    judge(agent, reviewer, minute=9)
    look_again()
    decided(floor)
    assert in_use().records.book.everyone.n == 4
    assert in_use().records.settled.everyone.n == 3


def test_a_model_goes_on_from_the_records_that_it_brought(
    floor: Floor, agent: Agent, reviewer: User
) -> None:
    judge(agent, reviewer, minute=1)
    old = judge(agent, reviewer, minute=2)
    until = int(Review.objects.get(decision=old).created_at.timestamp() * 1e6)
    go_live(known_until=until, records=[(str(agent.pk), "default", 5.0, 10.0, 10)])
    decided(floor)
    assert in_use().records.book.of(str(agent.pk), "default").agent == (5.0, 11.0, 11)


def test_while_the_records_are_still_being_read_no_risk_is_told(
    floor: Floor, agent: Agent, reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "PAGE", 3)
    for minute in range(7):
        judge(agent, reviewer, minute=minute)
    go_live()
    by_budget()
    reasons = [decided(floor).reason for _ in range(4)]
    waiting = "by thresholds, as the agents' records are still being read"
    assert [reason.endswith(waiting) for reason in reasons] == [True, True, True, False]
    assert in_use().records.book.everyone.n == 7


def test_verdicts_of_one_moment_do_not_hold_it_up(
    floor: Floor, agent: Agent, reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "PAGE", 3)
    for _ in range(3):
        judge(agent, reviewer)
    go_live()
    assert [decided(floor).predicted_risk is None for _ in range(2)] == [True, False]


def test_records_that_cannot_be_read_are_used_for_a_minute_and_then_no_more(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_live()
    by_budget()
    assert decided(floor).predicted_risk is not None

    def unreadable(*asked: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr(keeping, "said_since", unreadable)
    look_again()
    assert decided(floor).predicted_risk is not None
    look_again()
    in_use().records.read_at = time.monotonic() - 61
    assert decided(floor).reason.endswith("as the agents' records were last read 61 s ago")


def test_a_query_that_fails_leaves_the_callers_transaction_whole(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*asked: Any) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM nowhere")
        return []

    monkeypatch.setattr(keeping, "said_since", wrong)
    go_live()
    assert decided(floor).predicted_risk is None


def test_a_decision_takes_no_query_of_its_own(floor: Floor) -> None:
    go_live()
    task_id, _ = floor.working()
    with transaction.atomic():
        asked = known(load_one(task_id, lock=True), 0.8, {"label": 7})
        predictor.risk_of(asked, None)
        with CaptureQueriesContext(connection) as captured:
            for _ in range(10):
                assert predictor.risk_of(asked, None).value is not None
    assert not captured


def in_use() -> predictor.InUse:
    loaded = predictor.live.present.loaded
    assert loaded
    return loaded.model


def look_again() -> None:
    """As after some seconds."""
    if predictor.live.present.loaded:
        in_use().records.next_at = keeping.NEVER
