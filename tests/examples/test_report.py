"""What the demo tells is what the events say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from examples.digits.figures import median_and_p95, share_of, wilson
from examples.digits.report import report, retries, tallies
from examples.digits.stories import Story, task_of

START = datetime(2026, 1, 1, tzinfo=UTC)


def story_of(*told: tuple[float, str, dict[str, Any]]) -> Story:
    """From seconds, event types and data."""
    story = Story()
    for seconds, kind, data in told:
        entity = kind.partition(".")[0]
        event = {
            "event_type": kind,
            "entity_type": entity,
            "entity_id": "t1" if entity == "task" else data["decision_id"],
            "data": {"task_id": "t1", **data},
            "created_at": (START + timedelta(seconds=seconds)).isoformat(),
        }
        story.hear(event)
    return story


def read_by(
    agent: str, decision: str, route: str, *after: tuple[float, str, dict[str, Any]]
) -> Story:
    return story_of(
        (0, "task.created", {}),
        (1, "task.assigned", {"agent": agent, "agent_id": agent[0]}),
        (3, "task.retried", {"outcome": "ack_missed"}),
        (5, "task.assigned", {"agent": agent, "agent_id": agent[0]}),
        (5.5, "task.acked", {}),
        (5.5, "task.started", {}),
        (7.5, "task.completed", {"agent_id": agent[0], "decision_id": decision, "route": route}),
        *after,
    )


APPROVED = read_by(
    "steady",
    "d1",
    "sample",
    (7.5, "decision.proposed", {"decision_id": "d1"}),
    (8, "decision.approved", {"decision_id": "d1"}),
    (8, "task.verified", {}),
)
EDITED = read_by(
    "eager",
    "d2",
    "person",
    (7.5, "decision.proposed", {"decision_id": "d2"}),
    (9, "decision.edited", {"decision_id": "d2"}),
    (9, "task.verified", {}),
)
PASSED = read_by("eager", "d3", "auto", (7.5, "task.verified", {}))
STORIES = [APPROVED, EDITED, PASSED]


def test_its_state_is_that_of_its_last_event() -> None:
    assert [story.state for story in STORIES] == ["verified"] * 3
    assert story_of((0, "task.created", {}), (1, "task.escalated", {})).state == "escalated"


def test_a_span_ends_with_its_own_attempt() -> None:
    assert list(APPROVED.spans("task.assigned", "task.acked")) == [0.5]
    assert list(APPROVED.spans("task.created", "task.assigned")) == [1.0]
    assert list(EDITED.spans("decision.proposed", "decision.edited")) == [1.5]


def test_an_event_of_a_decision_belongs_to_its_task() -> None:
    assert {task_of(event) for event in APPROVED.events} == {"t1"}


def test_what_nobody_reviewed_stands_apart() -> None:
    found = tallies(STORIES, {"d3": False})

    assert (found["steady"].reviewed.right, found["steady"].reviewed.n) == (1, 1)
    assert (found["eager"].reviewed.right, found["eager"].reviewed.n) == (0, 1)
    assert (found["eager"].unreviewed.right, found["eager"].unreviewed.n) == (0, 1)


def test_retries_are_told_by_reason() -> None:
    assert list(retries(STORIES)) == ["ack missed"] * 3


def test_the_tables_hold_it_all() -> None:
    console = Console(record=True, width=100, file=None, quiet=False)
    with console.capture() as shown:
        console.print(report(STORIES, {"d3": True}))

    for text in (
        "3 verified",
        "3 ack missed",
        "1 approved, 1 edited",
        "steady",
        "100 % (21 to 100)",
    ):
        assert text in shown.get()


@pytest.mark.parametrize(
    ("right", "n", "low", "high"), [(0, 0, 0, 1), (0, 10, 0, 0.278), (95, 100, 0.888, 0.978)]
)
def test_the_interval_is_wilsons(right: int, n: int, low: float, high: float) -> None:
    assert wilson(right, n) == pytest.approx((low, high), abs=0.001)


def test_figures_read_well() -> None:
    assert share_of(95, 100) == "95 % (89 to 98)"
    assert share_of(0, 0) == "-"
    assert median_and_p95([0.1, 0.2, 3.0]) == ("200 ms", "3.0 s")
    assert median_and_p95([]) == ("-", "-")
