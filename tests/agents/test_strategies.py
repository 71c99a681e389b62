from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.strategies import STRATEGIES, Candidate, UnknownStrategy, Wanted, choose

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
DIGITS = Wanted("digits", frozenset({"digits"}), frozenset())


def one(name: str, *capabilities: str, **values: Any) -> Candidate:
    known = {"load": 0, "capacity": 4, "priority_level": 0, "last_assigned_at": None} | values
    return Candidate(uuid4(), name, frozenset(capabilities or ("digits",)), **known)


def chosen(strategy: str, *candidates: Candidate, wanted: Wanted = DIGITS) -> str | None:
    choice = choose(strategy, wanted, candidates)
    return choice.agent_name if choice else None


@pytest.mark.parametrize("strategy", STRATEGIES)
class TestWhateverTheStrategy:
    def test_a_full_agent_is_never_chosen(self, strategy: str) -> None:
        assert chosen(strategy, one("a", load=4)) is None

    def test_an_agent_that_lacks_a_capability_is_never_chosen(self, strategy: str) -> None:
        assert chosen(strategy, one("a", "letters"), one("b", "digits", "letters")) == "b"

    def test_an_excluded_agent_is_never_chosen(self, strategy: str) -> None:
        spent = one("a")
        wanted = Wanted("digits", frozenset(), frozenset({spent.agent_id}))
        assert chosen(strategy, spent, one("b", load=3), wanted=wanted) == "b"

    def test_nobody_is_chosen_out_of_none(self, strategy: str) -> None:
        assert chosen(strategy) is None

    def test_equals_are_told_apart_by_name_whatever_their_order(self, strategy: str) -> None:
        assert chosen(strategy, one("b"), one("a")) == chosen(strategy, one("a"), one("b")) == "a"


class TestCapabilityMatch:
    def test_the_most_specific_agent_goes_first(self) -> None:
        generalist = one("a", "digits", "letters", priority_level=9)
        assert chosen("capability_match", generalist, one("b", load=3)) == "b"

    def test_then_the_one_with_the_smallest_share_of_load(self) -> None:
        assert (
            chosen("capability_match", one("a", load=1, capacity=2), one("b", load=3, capacity=9))
            == "b"
        )

    def test_then_the_one_with_the_higher_priority(self) -> None:
        assert chosen("capability_match", one("a"), one("b", priority_level=1)) == "b"

    def test_the_reason_is_a_sentence_for_an_operator(self) -> None:
        candidates = [one("a", load=1), one("b", load=2), one("c", load=3), one("d", load=4)]
        choice = choose("capability_match", DIGITS, candidates)
        assert choice is not None
        assert choice.reason == "fewest other capabilities (0), load 1 of 4; 3 agents could"

    def test_the_reason_says_when_there_was_no_choice(self) -> None:
        choice = choose("capability_match", DIGITS, [one("a", "digits", "letters")])
        assert choice is not None
        assert choice.reason.endswith("capabilities (1), load 0 of 4; the only agent that could")


class TestTheOthers:
    def test_round_robin_takes_who_waited_longest(self) -> None:
        early = one("b", last_assigned_at=NOON, load=3)
        late = one("a", last_assigned_at=NOON + timedelta(seconds=1))
        assert chosen("round_robin", late, early) == "b"

    def test_round_robin_takes_who_never_had_a_task_before_all_others(self) -> None:
        assert chosen("round_robin", one("a", last_assigned_at=NOON), one("b")) == "b"

    def test_least_loaded_counts_the_share_and_not_the_number(self) -> None:
        assert (
            chosen("least_loaded", one("a", load=1, capacity=1000), one("b", load=0, capacity=1))
            == "b"
        )
        assert (
            chosen("least_loaded", one("a", load=1, capacity=2), one("b", load=2, capacity=9))
            == "b"
        )

    def test_priority_based_takes_the_highest_level_that_has_room(self) -> None:
        full = one("a", priority_level=9, load=4)
        assert chosen("priority_based", full, one("b", priority_level=5, load=3), one("c")) == "b"


def test_an_unknown_strategy_is_a_clear_error() -> None:
    with pytest.raises(
        UnknownStrategy, match="'best'; it takes one of capability_match, round_robin"
    ):
        choose("best", DIGITS, [one("a")])


@given(
    strategy=st.sampled_from(sorted(STRATEGIES)),
    slots=st.lists(st.tuples(st.integers(0, 5), st.integers(1, 4)), max_size=6),
    tasks=st.integers(0, 30),
)
def test_capacity_is_never_exceeded_and_no_free_place_is_overlooked(
    strategy: str, slots: list[tuple[int, int]], tasks: int
) -> None:
    loads: dict[UUID, int] = {}
    agents = [one(str(n), load=load, capacity=capacity) for n, (load, capacity) in enumerate(slots)]
    room = sum(max(agent.capacity - agent.load, 0) for agent in agents)
    given_out = 0
    for _ in range(tasks):
        now = [one_more(agent, loads.get(agent.agent_id, 0)) for agent in agents]
        choice = choose(strategy, DIGITS, now)
        if choice is None:
            break
        loads[choice.agent_id] = loads.get(choice.agent_id, 0) + 1
        given_out += 1
    assert given_out == min(room, tasks)
    assert all(
        agent.load + loads.get(agent.agent_id, 0) <= max(agent.capacity, agent.load)
        for agent in agents
    )


def one_more(agent: Candidate, more: int) -> Candidate:
    return Candidate(
        agent.agent_id, agent.name, agent.capabilities, agent.load + more, agent.capacity, 0, None
    )
