from __future__ import annotations

import pytest

from agentic.oidc.errors import ProviderDown
from agentic.oidc.kept import Kept


class Source:
    """What is fetched, and the clock of whoever keeps it."""

    def __init__(self) -> None:
        self.asked, self.now, self.is_down = 0, 1000.0, False
        self.kept = Kept(self.fetch, lambda: self.now)

    def fetch(self) -> int:
        self.asked += 1
        if self.is_down:
            raise ProviderDown("gone")
        return self.asked


def test_it_is_fetched_once_in_ten_minutes() -> None:
    source = Source()
    assert source.asked == 0
    assert [source.kept.get(), source.kept.get()] == [1, 1]
    source.now += 601
    assert source.kept.get() == 2


def test_whoever_wants_it_newer_gets_it_once_a_minute() -> None:
    source = Source()
    assert [source.kept.get(), source.kept.get(at_most=60)] == [1, 1]
    source.now += 61
    assert [source.kept.get(at_most=60) for _ in range(3)] == [2, 2, 2]


def test_a_source_that_is_down_is_left_alone_for_a_moment() -> None:
    source = Source()
    source.is_down = True
    for _ in range(3):
        with pytest.raises(ProviderDown):
            source.kept.get()
    assert source.asked == 1
    source.now, source.is_down = source.now + 11, False
    assert source.kept.get() == 2
