"""The events of one task and of the decisions about it, a window at a time."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from agentic.models import Event
from agentic.vocabulary import EntityType, EventType
from decisions.models import Attempt, Decision, Task
from oversight.frames import GUARDED
from oversight.stories import Chapter, Line, chapters, line

PAGE = 60
# Said of a task that stays where it is.
QUIET = frozenset(
    {
        EventType.TASK_COMMENTED.value,
        EventType.TASK_FEEDBACK_GIVEN.value,
        EventType.TASK_ESCALATION_ACKNOWLEDGED.value,
        EventType.TASK_ESCALATION_ASSIGNED.value,
    }
)
MOST_DECISIONS = 100  # whose events stand between those of the task


class ToldChapter(NamedTuple):
    """A chapter, with the attempt that it is about, if there is one."""

    number: int
    attempt: Attempt | None
    lines: list[Line]


class Story(NamedTuple):
    """`older` is the version before which it goes on; 0 when all of it is here.

    `is_cut` when more happened to its decisions than stands here.
    """

    chapters: list[ToldChapter]
    older: int
    is_newest: bool
    is_cut: bool


def story_of(task: Task, *, sees_escalations: bool, before: int = 0) -> Story:
    own = own_events(task, before)
    if not sees_escalations:
        own = own.exclude(event_type__in=GUARDED)
    found = list(own.order_by("-version")[: PAGE + 1])
    shown = found[:PAGE]
    older = shown[-1].version if len(found) > PAGE else 0
    between = events_between(task, shown, before, to_the_beginning=not older)
    told = sorted([*shown, *between[:PAGE]], key=lambda one: one.position)
    found_chapters = chapters([line(event) for event in told])
    return Story(with_attempts(task, found_chapters), older, not before, len(between) > PAGE)


def last_move(task_id: UUID) -> Event:
    """What brought the task to where it is."""
    events = Event.objects.filter(entity_type=EntityType.TASK, entity_id=task_id)
    last: Event = events.exclude(event_type__in=QUIET).latest("version")
    return last


def own_events(task: Task, before: int) -> QuerySet[Event]:
    own = Event.objects.filter(entity_type=EntityType.TASK, entity_id=task.pk)
    return own.filter(version__lt=before) if before else own


def events_between(
    task: Task, shown: list[Event], before: int, *, to_the_beginning: bool
) -> list[Event]:
    """Those of its decisions, from the oldest of `shown` on, up to the event at which the window ends.

    The newest first, one more than a page when there are more.
    """
    ids = decisions_near(task, shown if before else [])
    if not (ids and shown):
        return []
    events = Event.objects.filter(entity_type=EntityType.DECISION, entity_id__in=ids)
    if not to_the_beginning:
        events = events.filter(position__gt=shown[-1].position)
    if before:
        end = Event.objects.filter(
            entity_type=EntityType.TASK, entity_id=task.pk, version=before
        ).values("position")
        events = events.filter(position__lt=end[:1])
    return list(events.order_by("-position")[: PAGE + 1])


def decisions_near(task: Task, shown: list[Event]) -> list[UUID]:
    decisions = Decision.objects.filter(task=task)
    if shown:
        decisions = decisions.filter(created_at__lte=shown[0].created_at)
    return list(decisions.order_by("-created_at").values_list("pk", flat=True)[:MOST_DECISIONS])


def with_attempts(task: Task, found: list[Chapter]) -> list[ToldChapter]:
    rows = Attempt.objects.filter(task=task, number__in=[chapter.number for chapter in found])
    known = {row.number: row for row in rows.select_related("agent").defer("checkpoint")}
    return [ToldChapter(number, known.get(number), lines) for number, lines in found]
