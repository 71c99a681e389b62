"""Delegation that learns: pure, with outcomes that are simulated."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.strategies import STRATEGIES, Candidate, Choice, Wanted, choose
from agents.thompson import NO_RECORDS, Belief, Outcomes, Records, draw, probabilities

DIGITS = Wanted("digits", frozenset({"digits"}), frozenset())


def one(name: str, *capabilities: str, **values: Any) -> Candidate:
    known = {"load": 0, "capacity": 4, "priority_level": 0, "last_assigned_at": None} | values
    return Candidate(uuid4(), name, frozenset(capabilities or ("digits",)), **known)


def records(of: dict[UUID, tuple[int, int]]) -> Records:
    """By how many were right of how many that are known."""
    right, known = (sum(column) for column in zip(*of.values(), strict=True))
    agents = {(pk, "digits"): outcomes(*counts) for pk, counts in of.items()}
    return Records(agents, {"digits": outcomes(right, known)})


def outcomes(right: int, known: int) -> Outcomes:
    return Outcomes(right, known, right / known if known else 0.0, known)


def drawn(candidates: list[Candidate], known: Records, seed: int = 7) -> Choice:
    choice = choose("learned", DIGITS, candidates, known, Random(seed))
    assert choice is not None
    return choice


class TestWhoIsAbleAndFree:
    def test_a_full_agent_is_never_chosen(self) -> None:
        assert choose("learned", DIGITS, [one("a", load=4)]) is None

    def test_the_best_agent_is_not_chosen_for_what_it_cannot_do(self) -> None:
        best, other = one("best", "letters"), one("other")
        known = records({best.agent_id: (100, 100), other.agent_id: (0, 100)})
        assert drawn([best, other], known).agent_name == "other"

    def test_nor_where_it_is_excluded_or_has_just_let_the_task_down(self) -> None:
        best, other = one("best"), one("other")
        known = records({best.agent_id: (100, 100), other.agent_id: (0, 100)})
        for wanted in (
            Wanted("digits", frozenset(), frozenset({best.agent_id})),
            Wanted("digits", frozenset(), frozenset(), best.agent_id),
        ):
            choice = choose("learned", wanted, [best, other], known)
            assert choice is not None
            assert (choice.agent_name, choice.probability) == ("other", 1)


def test_the_reason_says_what_was_drawn_and_from_what() -> None:
    known, new = one("known"), one("new")
    choice = drawn([known, new], records({known.agent_id: (40, 48)}), seed=1)
    assert choice.reason == (
        f"drawn {float(choice.reason.split()[1]):.2f} of Beta(42.6, 9.36); was right in 40 of 48 of this type; "
        f"probability {choice.probability:.2g}, load 0 of 4; 2 agents could"
    )


def test_who_is_not_known_is_said_to_be_so() -> None:
    choice = drawn([one("a")], NO_RECORDS)
    assert "of Beta(2, 2); no outcome of this type is known; probability 1" in choice.reason


def test_the_order_of_the_agents_does_not_matter() -> None:
    agents = [one("a"), one("b"), one("c")]
    assert drawn(agents, NO_RECORDS) == drawn(agents[::-1], NO_RECORDS)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_other_strategies_leave_nothing_to_chance(strategy: str) -> None:
    best, other = one("z"), one("a")
    known = records({best.agent_id: (100, 100), other.agent_id: (0, 100)})
    choice = choose(strategy, DIGITS, [best, other], known)
    assert choice is not None
    assert (choice.agent_name, choice.probability) == ("a", None)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.floats(1, 1001), st.floats(1, 1001)), min_size=1, max_size=30))
def test_the_probabilities_of_all_agents_sum_to_one_and_none_is_zero(
    parameters: list[tuple[float, float]],
) -> None:
    found = probabilities(tuple(Belief(*one) for one in parameters))
    assert sum(found) == pytest.approx(1, abs=1e-6)
    assert min(found) > 0


def test_two_alike_have_equal_chances_and_a_known_integral_comes_out() -> None:
    assert probabilities((Belief(41, 9), Belief(41, 9))) == pytest.approx((0.5, 0.5))
    # X of Beta(2, 1) against uniform Y: P(X > Y) is the mean of X, 2/3.
    assert probabilities((Belief(2, 1), Belief(1, 1))) == pytest.approx((2 / 3, 1 / 3), abs=1e-4)


def test_the_probabilities_are_the_frequencies_of_the_draws() -> None:
    beliefs = (Belief(41, 9), Belief(7, 2), Belief(30, 12), Belief(1.2, 1.1))
    chance, times = Random(3), 20_000
    counts = Counter(draw(beliefs, chance).place for _ in range(times))
    for place, probability in enumerate(probabilities(beliefs)):
        deviation = (probability * (1 - probability) / times) ** 0.5
        assert abs(counts[place] / times - probability) < 4 * deviation + 1e-4


TRUTH = {"good": 0.9, "fair": 0.75, "poor": 0.6}


def regret(strategy: str, seed: int, tasks: int = 600) -> tuple[float, Counter[str]]:
    """How many more would have been right if the best agent had done all; and who did the last third."""
    chance = Random(seed)
    agents = [one(name) for name in TRUTH]
    counts = {agent.agent_id: (0, 0) for agent in agents}
    lost, late = 0.0, Counter[str]()
    for number in range(tasks):
        choice = choose(strategy, DIGITS, agents, records(counts), chance)
        assert choice is not None
        right, known = counts[choice.agent_id]
        is_right = chance.random() < TRUTH[choice.agent_name]
        counts[choice.agent_id] = (right + is_right, known + 1)
        lost += TRUTH["good"] - TRUTH[choice.agent_name]
        if number >= tasks * 2 // 3:
            late[choice.agent_name] += 1
    return lost, late


def test_it_comes_to_prefer_the_better_agent_with_less_regret_than_by_turn_or_rule() -> None:
    runs = [regret("learned", seed) for seed in range(10)]
    by_turn = 600 * sum(TRUTH["good"] - share for share in TRUTH.values()) / 3
    by_name = regret("capability_match", 1)[0]  # all are equal to it: one of them does all
    assert max(lost for lost, _ in runs) < min(by_turn, by_name)
    assert sum(late["good"] for _, late in runs) > 0.8 * 10 * 200
