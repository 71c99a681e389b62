"""What counts as an example, what it stands for, and what is known of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy
import pytest

from agentic.models import User
from agents.models import Agent
from decisions.digests import canonical
from decisions.learning.data_set import (
    columns,
    judged,
    moment_of,
    read_examples,
    read_history,
    read_rows,
    said_since,
)
from decisions.learning.examples import Examples, digest_of
from decisions.learning.features import plain
from decisions.learning.record import as_of
from decisions.models import Attempt, Decision, Review
from tests.decisions.floor import Floor, activate_policy, pending
from tests.decisions.judged import BEGAN, feedback_on, judge


def features(examples: Examples) -> Any:
    return plain(examples.rows.facts, as_of(examples.rows, examples.history))


def test_a_decision_that_people_looked_at_is_an_example(agent: Agent, reviewer: User) -> None:
    judge(agent, reviewer, minute=2, verdict="reject", confidence=None, priority=3)
    judge(agent, reviewer, minute=1, task_type="letters", confidence=0.4)
    examples = read_examples()
    assert examples.wrong.tolist() == [False, True]
    assert examples.rows.task_types.tolist() == ["letters", "default"]
    assert examples.rows.agents.tolist() == [str(agent.pk)] * 2
    assert examples.rows.priority.tolist() == [1, 3]
    assert numpy.isnan(examples.rows.confidence).tolist() == [False, True]
    assert moment_of(int(examples.rows.at[0])) == BEGAN + timedelta(minutes=1)


def test_one_of_the_audit_sample_stands_for_those_that_were_not_drawn(
    agent: Agent, reviewer: User
) -> None:
    judge(agent, reviewer, route="person", audit_probability=1.0)
    judge(agent, reviewer, minute=1, route="sample", audit_probability=0.05)
    assert read_examples().weight.tolist() == [1.0, 20.0]


def test_what_nobody_looked_at_is_no_example(floor: Floor, agent: Agent, reviewer: User) -> None:
    """Passed, answered by text, expired, or decided with its task: none of it says whether it was right."""
    judge(agent, reviewer)
    task_id, token = floor.working()
    floor.propose(task_id, token, decision_type="mail")
    floor.override(task_id)
    task_id, token = floor.working()
    floor.complete(task_id, token)
    floor.review(pending(task_id).pk, "respond", reason="look again")
    activate_policy(threshold=0.0)
    task_id, token = floor.working()
    floor.complete(task_id, token, confidence=1.0)
    assert Decision.objects.count() == 4
    assert read_examples().n == 1


def test_a_result_that_was_rejected_is_an_example_as_it_was_handed_in(floor: Floor) -> None:
    """The rejection used up a retry of the task: that is not known before the verdict."""
    result = {"b": [1, 2.5], "a": 'ä " \\ <'}
    task_id, token = floor.working()
    floor.complete(task_id, token, result=result, confidence=0.7)
    floor.review(pending(task_id).pk, "reject", reason_code="wrong")
    token = floor.take(task_id)
    floor.ack(task_id, token, start=True)
    floor.complete(task_id, token, confidence=0.6)
    floor.review(pending(task_id).pk, "approve")
    examples = read_examples()
    assert examples.wrong.tolist() == [True, False]
    assert (
        examples.rows.attempt.tolist()
        == [1, 2]
        == list(Attempt.objects.order_by("number").values_list("number", flat=True))
    )
    assert examples.rows.size[0] == len(canonical.encode(result))


def test_no_later_verdict_changes_what_was_known(agent: Agent, reviewer: User) -> None:
    for minute in range(6):
        judge(agent, reviewer, minute=minute, verdict="approve" if minute % 2 else "reject")
    before = read_examples()
    # Made later, and made earlier but judged later.
    judge(agent, reviewer, minute=9, verdict="reject")
    judge(agent, reviewer, minute=2.5, said_after=60, verdict="reject")
    after = read_examples()
    places = numpy.flatnonzero(numpy.isin(after.rows.at, before.rows.at))
    assert after.n == 8
    assert features(after)[:, places].tolist() == features(before).tolist()


def test_an_examples_own_verdict_is_not_among_what_was_known(agent: Agent, reviewer: User) -> None:
    judge(agent, reviewer, verdict="reject")
    examples = read_examples()
    assert as_of(examples.rows, examples.history).agent.n.tolist() == [0]


def test_read_twice_it_has_the_same_digest_and_another_one_after_a_verdict(
    agent: Agent, reviewer: User
) -> None:
    for minute in range(3):
        judge(agent, reviewer, minute=minute)
    first = digest_of(read_examples())
    assert digest_of(read_examples()) == first
    assert len(first) == 64
    judge(agent, reviewer, minute=3)
    assert digest_of(read_examples()) != first


def test_a_job_may_name_the_feedback_that_it_learns_from(agent: Agent, reviewer: User) -> None:
    """The records of the agents are of all verdicts all the same."""
    _, wanted, last = (judge(agent, reviewer, minute=3 * number) for number in range(3))
    examples = read_examples([feedback_on(last).pk, feedback_on(wanted).pk])
    assert examples.n == 2
    assert as_of(examples.rows, examples.history).agent.n.tolist() == [1, 2]


def test_past_decisions_are_read_as_examples_are(agent: Agent, reviewer: User) -> None:
    for minute in range(4):
        judge(agent, reviewer, minute=minute, confidence=minute / 4)
    examples = read_examples()
    rows = read_rows(Decision.objects.order_by("created_at"))
    for one, other in zip(rows, examples.rows, strict=True):
        assert one.tolist() == other.tolist() or numpy.isnan(one).all()
    for one, other in zip(read_history(), examples.history, strict=True):
        assert one.tolist() == other.tolist()


def test_without_any_verdict_there_are_no_examples(db: None) -> None:
    examples = read_examples()
    assert examples.n == 0
    assert len(digest_of(examples)) == 64
    assert columns([], 2) == [(), ()]


def test_what_was_said_since_a_moment_comes_in_order_and_page_by_page(
    agent: Agent, reviewer: User
) -> None:
    for minute in (3, 1, 2):
        judge(agent, reviewer, minute=minute, verdict="reject")
    at = [int((BEGAN + timedelta(minutes=minute)).timestamp() * 1e6) for minute in (2, 3, 4)]
    assert [said.at for said in said_since(at[0], 2)] == at[:2]
    assert [said.at for said in said_since(at[1], 9)] == at[1:]


@pytest.mark.parametrize("fewer", ["respond"])
def test_only_what_says_right_or_wrong_counts(agent: Agent, reviewer: User, fewer: str) -> None:
    Review.objects.filter(decision=judge(agent, reviewer)).update(verdict=fewer)
    assert not judged().exists()
