"""Look-ups whose SQL is built once, or read past Django, find what Django's own queries find."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db.models import QuerySet

from agentic.actors import Actor
from agentic.clock import Now
from agentic.fixed_query import FixedSet, read
from agents.models import Agent
from agents.services import register_agent

FIELDS = ("id", "name", "capabilities", "config", "max_concurrent_tasks", "silent_at")


def rows_of(ids: Sequence[UUID]) -> QuerySet[Agent, tuple[Any, ...]]:
    return Agent.objects.filter(pk__in=ids).order_by("name").values_list(*FIELDS)


@pytest.fixture
def ids(operator: Actor) -> list[UUID]:
    """Of five agents, with some JSON and a time each."""
    config = {"many": 10**30, "few": 0.1, "text": 'a\n"b"\\ö', "none": None, "list": [[], {}]}
    made = [
        register_agent(actor=operator, name=f"agent {n}", capabilities=[str(n)], config=config)
        for n in range(5)
    ]
    Agent.objects.update(silent_at=Now() + timedelta(seconds=30))
    return [agent.pk for agent in made]


@pytest.mark.parametrize("number", [0, 1, 2, 5])
def test_a_set_of_any_size(ids: list[UUID], number: int) -> None:
    found = FixedSet(rows_of)
    for some in (ids[:number], ids[5 - number :]):
        assert [tuple(row) for row in found.of(some)] == list(rows_of(some))


def test_a_query_of_its_own(ids: list[UUID]) -> None:
    found = read(rows_of(ids)[1:3])
    assert [tuple(row) for row in found] == list(rows_of(ids)[1:3])
    assert isinstance(found[0][-1], datetime)


def test_a_query_that_can_find_nothing(db: None) -> None:
    assert read(rows_of([])) == []
