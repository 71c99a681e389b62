"""From verdicts to maps of confidence, and what is no map: pure functions."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy
import pytest

from decisions.calibration import measure
from decisions.learning.mapping import FEWEST, PRIOR, Stated, line, map_of, maps_of
from decisions.learning.maps import Broken, Map, Maps, read, written

AS_STATED = (1.0, 0.0)


def verdicts(
    n: int,
    *,
    agent: str = "eager",
    task_type: str = "digit",
    truth: float = 0.7,
    seed: int = 1,
    weight: float = 1.0,
) -> Stated:
    """Confidences from 0.6 to 1, right `truth` times as often as stated."""
    chance = numpy.random.default_rng(seed)
    stated = chance.uniform(0.6, 1, n)
    right = chance.random(n) < truth * stated
    names = (numpy.full(n, agent, object), numpy.full(n, task_type, object))
    return Stated(*names, stated, right, numpy.full(n, weight))


def together(*parts: Stated) -> Stated:
    return Stated(*map(numpy.concatenate, zip(*parts, strict=True)))


def worth(one: Map, confidences: Any) -> Any:
    return numpy.array([one.of(confidence) for confidence in confidences])


# A map.


def test_between_points_it_is_straight_and_beyond_them_level() -> None:
    one = Map([0.5, 0.9], [0.4, 0.6], 1.0, 0.0, 100, 100.0)
    assert worth(one, [0.0, 0.5, 0.7, 0.9, 1.0]) == pytest.approx([0.4, 0.4, 0.5, 0.6, 0.6])


def test_who_is_surer_is_never_worth_less_and_nothing_is_certain() -> None:
    for seed in range(5):
        found = worth(map_of(verdicts(80, seed=seed), AS_STATED), numpy.linspace(0, 1, 101))
        assert (numpy.diff(found) >= 0).all()
        assert found.min() > 0
        assert found.max() < 1


def test_the_boastful_are_worth_what_people_found() -> None:
    later = verdicts(4_000, seed=2)
    one = map_of(verdicts(2_000), AS_STATED)
    before = measure(later.confidence, later.right)
    after = measure(worth(one, later.confidence), later.right)
    assert before is not None
    assert after is not None
    assert before.debiased.low > 0.2
    assert after.debiased.value < 0.05
    assert after.brier.value < before.brier.value


def test_few_verdicts_move_a_map_little() -> None:
    moved = [worth(map_of(verdicts(n), AS_STATED), [0.9])[0] for n in (3, 60, 2_000)]
    assert 0.9 > moved[0] > moved[1] > moved[2]
    assert moved[2] == pytest.approx(0.63, abs=0.04)


def test_the_honest_are_left_as_they_are() -> None:
    found = worth(map_of(verdicts(3_000, truth=1.0), AS_STATED), [0.65, 0.8, 0.95])
    assert found == pytest.approx([0.65, 0.8, 0.95], abs=0.04)


def test_whoever_is_surest_when_wrong_gets_one_worth_for_all() -> None:
    stated = numpy.tile([0.6, 0.95], 100)
    right = numpy.tile([True, False], 100)
    slope, _ = line(numpy.log(stated / (1 - stated)), right, numpy.ones(200), AS_STATED)
    assert slope == 0
    names = numpy.full(200, "a", object)
    found = map_of(Stated(names, names, stated, right, numpy.ones(200)), AS_STATED)
    assert worth(found, [0.6])[0] == pytest.approx(worth(found, [0.95])[0])
    assert worth(found, [0.6])[0] == pytest.approx(0.5, abs=0.02)


def test_a_weight_counts_for_as_many() -> None:
    """Sure ones are seen one time in four, and more of those that are wrong: by weight it is as if all were seen."""
    everything = verdicts(8_000)
    chance = numpy.random.default_rng(4)
    probability = numpy.where(everything.right, 0.25, 0.75)
    seen = chance.random(8_000) < probability
    some = everything.chosen(seen)._replace(weight=1 / probability[seen])
    whole, weighted, naive = (
        map_of(one, AS_STATED).of(0.9)
        for one in (everything, some, some._replace(weight=numpy.ones(some.n)))
    )
    assert weighted == pytest.approx(whole, abs=0.04)
    assert naive < whole - 0.15


# Whose map.


def test_who_has_too_few_is_taken_for_all() -> None:
    maps = maps_of(together(verdicts(200), verdicts(FEWEST - 1, agent="new")))
    assert set(maps.agents) == {"eager"}
    assert maps.of("new", "digit") == (maps.pooled, "pooled")
    assert maps.of("unknown", "digit") == (maps.pooled, "pooled")
    assert maps.of("eager", "never seen") == (maps.agents["eager"], "agent")


@pytest.mark.parametrize("is_right", [True, False])
def test_who_was_never_wrong_or_never_right_is_not_taken_for_the_others(is_right: bool) -> None:
    """Nor for one that cannot be otherwise."""
    own = verdicts(200, agent="constant")._replace(right=numpy.full(200, is_right))
    maps = maps_of(together(verdicts(200), own))
    found = maps.agents["constant"].of(0.8)
    assert found > maps.pooled.of(0.8) if is_right else found < maps.pooled.of(0.8)
    assert 0.001 < found < 0.999


def test_many_that_stand_for_few_are_few() -> None:
    """A single heavy one outweighs all others: 80 verdicts say as much as about nine."""
    one = verdicts(80)
    one.weight[0] = 40.0
    assert not one.is_enough


def test_a_type_of_task_has_its_own_where_there_is_enough() -> None:
    easy, hard = (
        verdicts(400, task_type="easy", truth=1.0),
        verdicts(400, task_type="hard", truth=0.5),
    )
    maps = maps_of(together(easy, hard, verdicts(10, task_type="rare")))
    assert set(maps.task_types["eager"]) == {"easy", "hard"}
    worths = [maps.of("eager", name)[0].of(0.9) for name in ("hard", "rare", "easy")]
    assert worths == sorted(worths)
    assert worths[2] - worths[0] > 0.3


def test_one_type_needs_no_second_map() -> None:
    assert maps_of(verdicts(200)).task_types == {}


def test_a_map_leans_on_the_one_above_it() -> None:
    crowd = [verdicts(400, agent=f"a{n}", truth=0.6, seed=n) for n in range(5)]
    newcomer = verdicts(FEWEST, agent="new", truth=1.0, seed=9)
    among = maps_of(together(*crowd, newcomer)).of("new", "")[0].of(0.9)
    alone = map_of(newcomer, AS_STATED).of(0.9)
    assert 0.54 < among < alone
    assert PRIOR >= FEWEST


# As it is kept.


def test_the_same_verdicts_give_the_same_bytes_in_any_order() -> None:
    some = together(verdicts(300), verdicts(200, agent="b", truth=0.9, seed=3))
    content = written(maps_of(some))
    assert written(maps_of(some)) == content
    assert read(content) == maps_of(some)
    assert len(content) < 20_000


def test_many_confidences_become_few_points() -> None:
    assert len(map_of(verdicts(5_000), AS_STATED).stated) < 120


def changed(**values: Any) -> bytes:
    whole = msgspec.to_builtins(maps_of(verdicts(200)))
    whole["pooled"] |= values
    return msgspec.json.encode(whole)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[1]",
        b"\x80\x04K\x01.",
        b'{"kind": "review_risk/1"}',
        b'{"kind": "calibration/1", "agents": {}, "task_types": {}}',
        changed(stated=[], worth=[]),
        changed(stated=[0.5], worth=[0.4, 0.5]),
        changed(stated=[0.5, 0.5], worth=[0.4, 0.5]),
        changed(stated=[0.5, 0.4], worth=[0.4, 0.5]),
        changed(stated=[0.5, 0.6], worth=[0.5, 0.4]),
        changed(stated=[0.5], worth=[1.0]),
        changed(stated=[0.5], worth=[0.0]),
        changed(stated=[-0.1], worth=[0.5]),
        changed(stated=["a"], worth=[0.5]),
        changed(more=1),
        changed().replace(b"0.9", b"1e999"),
    ],
)
def test_what_is_no_calibration_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(Broken) as refused:
        read(content)
    assert str(refused.value)


def test_a_broken_map_of_one_type_is_found_too() -> None:
    maps = maps_of(verdicts(200))
    bad = Map([0.5], [2.0], 1.0, 0.0, 1, 1.0)
    for broken in (
        Maps("calibration/1", maps.pooled, {"a": bad}, {}),
        Maps("calibration/1", maps.pooled, {}, {"a": {"b": bad}}),
    ):
        with pytest.raises(Broken):
            read(written(broken))
