"""Which parts of the pages an event makes stale: the words by which parts say what they show (`data-live`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agentic.vocabulary import EntityType, EventType
from oversight.frames import Told

EVERYTHING = "*"
MOST = 50  # past this a page that fetches everything has less to do
LISTS: dict[str, str] = {
    EntityType.TASK: "tasks",
    EntityType.DECISION: "reviews",
    EntityType.AGENT: "agents",
    EntityType.POLICY: "policies",
    EntityType.MODEL: "models",
    EntityType.STOP: "stops",
    EntityType.TRAINING_JOB: "jobs",
}
# Topics that name one thing, too, as `task:<id>`.
SINGLE: frozenset[str] = frozenset({EntityType.TASK, EntityType.DECISION, EntityType.AGENT})


def topics_of(events: Iterable[Told], *, sees_escalations: bool) -> str:
    """As `data-topics` has them."""
    found = {topic for event in events for topic in topics(event, sees_escalations)}
    return EVERYTHING if len(found) > MOST else " ".join(sorted(found))


def topics(event: Told, sees_escalations: bool) -> Iterator[str]:
    if event.guarded and not sees_escalations:
        if changes_state(event):  # which is no secret
            yield from about(EntityType.TASK, event.row["entity_id"])
        return
    if event.guarded:
        yield "escalations"
    yield "events"
    row = event.row
    yield from about(row["entity_type"], row["entity_id"])
    for kind in (EntityType.TASK, EntityType.AGENT):
        if concerned := row["data"].get(f"{kind}_id"):
            yield from about(kind, concerned)


def changes_state(event: Told) -> bool:
    """An escalation to the first level does; that it goes higher, and who looks after it, does not."""
    return event.event_type == EventType.TASK_ESCALATED and event.row["data"].get("level") == 1


def about(kind: str, pk: object) -> Iterator[str]:
    yield LISTS[kind]
    if kind in SINGLE:
        yield f"{kind}:{pk}"
