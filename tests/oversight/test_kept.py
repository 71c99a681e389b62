"""What all who look at a page share."""

from __future__ import annotations

import pytest
from django.db import DatabaseError

from oversight.kept import Kept


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def looks() -> list[str]:
    return []


@pytest.fixture
def kept(clock: Clock, looks: list[str]) -> Kept[str, int]:
    def look(key: str) -> int:
        looks.append(key)
        return len(looks)

    return Kept(look, seconds=lambda key: 10.0, clock=clock)


def test_it_is_read_once_for_all(kept: Kept[str, int], looks: list[str]) -> None:
    assert [kept.get("a"), kept.get("a")] == [1, 1]
    assert looks == ["a"]


def test_it_is_read_anew_when_it_is_old(kept: Kept[str, int], clock: Clock) -> None:
    kept.get("a")
    clock.now = 10.1
    assert kept.get("a") == 2


def test_each_key_has_its_own(kept: Kept[str, int]) -> None:
    assert [kept.get("a"), kept.get("b"), kept.get("a")] == [1, 2, 1]


def test_an_error_is_not_kept(clock: Clock) -> None:
    answers = iter([None, 7])

    def look(key: str) -> int:
        answer = next(answers)
        if answer is None:
            raise DatabaseError("away")
        return answer

    kept = Kept(look, seconds=lambda key: 10.0, clock=clock)
    with pytest.raises(DatabaseError, match="away"):
        kept.get("a")
    assert kept.get("a") == 7
