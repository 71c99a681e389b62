"""Which parts of the pages an event makes stale."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from agentic.vocabulary import EntityType, EventType
from oversight.frames import GUARDED, Told, told
from oversight.topics import LISTS, MOST, topics_of

ONE, OTHER, THIRD = (str(UUID(int=number)) for number in (1, 2, 3))


def entity(event_type: str) -> str:
    """Whose events are called so."""
    return next(kind for kind in EntityType if kind.startswith(event_type.partition(".")[0]))


def event(event_type: str, entity_id: str = ONE, **data: Any) -> Told:
    about = {"entity_type": entity(event_type), "entity_id": UUID(entity_id), "data": data}
    return told({"position": 1, "event_type": event_type, "actor_kind": "system", **about})


def found(*events: Told, sees_escalations: bool = True) -> set[str]:
    return set(topics_of(events, sees_escalations=sees_escalations).split())


def test_each_kind_of_thing_has_a_list() -> None:
    assert set(EntityType) == LISTS.keys()


@pytest.mark.parametrize("kind", [kind.value for kind in EventType])
def test_each_kind_of_event_makes_something_stale(kind: str) -> None:
    assert "events" in found(event(kind))
    assert LISTS[entity(kind)] in found(event(kind))


def test_a_decision_concerns_its_task_and_its_agent() -> None:
    said = event("decision.proposed", ONE, task_id=OTHER, agent_id=THIRD)
    assert found(said) == {
        *("events", "reviews", f"decision:{ONE}"),
        *("tasks", f"task:{OTHER}", "agents", f"agent:{THIRD}"),
    }


@pytest.mark.parametrize("kind", sorted(GUARDED))
def test_what_is_guarded_is_heard_of_by_those_who_may(kind: str) -> None:
    assert "escalations" in found(event(kind, level=1))
    assert "escalations" not in found(event(kind, level=1), sees_escalations=False)


@pytest.mark.parametrize(
    ("kind", "level", "said"),
    [
        ("task.escalated", 1, {"tasks", f"task:{ONE}"}),
        ("task.escalated", 2, set()),
        ("task.escalation_acknowledged", 1, set()),
        ("task.escalation_assigned", 1, set()),
    ],
)
def test_others_hear_of_the_state_alone(kind: str, level: int, said: set[str]) -> None:
    assert found(event(kind, level=level, agent_id=OTHER), sees_escalations=False) == said


def test_past_a_number_everything_is_stale() -> None:
    many = [event("task.created", str(UUID(int=number))) for number in range(MOST)]
    assert found(*many) == {"*"}
    assert len(found(*many[: MOST - 2])) == MOST
