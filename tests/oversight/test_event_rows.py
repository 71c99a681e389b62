"""An event as a row: the same on a page as when it is pushed, and harmless whatever it holds."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from agentic.ids import new_id
from agentic.models import Event
from agentic.vocabulary import EventType
from tests.decisions.floor import Floor

HOSTILE = "<img src=x onerror=alert(1)>\"'&{{ x }}"


def row(**values: Any) -> dict[str, Any]:
    about = {"position": 7, "event_type": "task.created", "entity_type": "task", "data": {}}
    who = {"entity_id": new_id(), "actor_label": "ada", "created_at": timezone.now()}
    return {**about, **who, **values}


def drawn(event: Any) -> str:
    return " ".join(render_to_string("oversight/_event.html", {"event": event}).split())


@pytest.mark.parametrize("kind", [kind.value for kind in EventType])
def test_it_says_in_words_what_happened_and_to_what(kind: str) -> None:
    entity, said = kind.partition(".")[0], EventType(kind).label
    text = drawn(row(event_type=kind, entity_type=entity, entity_id=UUID(int=0x12345678)))
    assert said.replace("'", "&#x27;") in text
    assert f"{entity} 12345678" in text
    assert "by <bdi>ada</bdi>" in text


def test_it_leads_to_the_task() -> None:
    task = new_id()
    assert f'href="/tasks/{task}"' in drawn(row(entity_id=task))
    decision = row(entity_type="decision", event_type="decision.proposed")
    assert "href" not in drawn(decision)
    assert f'href="/tasks/{task}"' in drawn({**decision, "data": {"task_id": str(task)}})
    assert "href" not in drawn(row(entity_type="agent", event_type="agent.busy"))


def test_it_names_the_task_by_its_title() -> None:
    assert "<bdi>read a digit</bdi>" in drawn(row(data={"title": "read a digit"}))
    assert f"{'x' * 59}…" in drawn(row(data={"title": "x" * 200}))


def test_hostile_text_stays_text() -> None:
    data = {"title": HOSTILE, "task_id": HOSTILE}
    for event in (row(data=data, actor_label=HOSTILE), row(data=data, entity_type="decision")):
        text = drawn(event)
        assert "<img" not in text
        assert "&lt;img" in text


def test_a_row_of_the_store_looks_the_same_as_its_fields(floor: Floor) -> None:
    floor.queue()
    event = Event.objects.latest("position")
    fields = {name: getattr(event, name) for name in row()}
    assert drawn(event) == drawn(fields)
