"""What happened to a task, in lines that a person reads: what, who, why, and how late. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from agentic.models import Event
from agentic.vocabulary import EntityType, EventType
from oversight.words import seconds_in_words

BAD = frozenset(
    {
        EventType.TASK_FAILED,
        EventType.TASK_RETRIED,
        EventType.TASK_ESCALATED,
        EventType.TASK_REJECTED,
    }
)
GOOD = frozenset(
    {EventType.TASK_VERIFIED, EventType.DECISION_APPROVED, EventType.DECISION_AUTO_APPROVED}
)
# What an event's data says beside its reason, with the words for it, in this order.
TOLD = (
    ("agent", "agent"),
    ("person", "to"),
    ("strategy", "chosen by"),
    ("level", "level"),
    ("outcome", "the attempt ended"),
    ("confidence", "confidence"),
    ("route", "route"),
    ("policy_version", "policy version"),
    ("reason_code", "reason code"),
    ("verdict", "verdict"),
    ("feedback_type", "feedback"),
    ("by", "by"),
    ("until", "until"),
    ("retry_count", "retries used"),
)
JUDGEMENT = frozenset({"confidence", "reason code"})


class Fact(NamedTuple):
    name: str
    value: str


class Line(NamedTuple):
    id: UUID
    position: int
    event_type: str
    text: str
    at: datetime
    who: str
    kind: str
    why: str
    late: str
    tone: str
    facts: list[Fact]
    attempt: int | None  # that it begins or speaks of
    is_judged: bool  # it says what a decision rested on, or what a person said of it

    def unjudged(self) -> Line:
        """For those who may not see reviews, as on the receipt: who decided what and when, but not why."""
        if not self.is_judged:
            return self
        told = [fact for fact in self.facts if fact.name not in JUDGEMENT]
        return self._replace(why="", facts=told)


class Chapter(NamedTuple):
    """All that happened from one assignment to the next; `number` 0 is what came before the first."""

    number: int
    lines: list[Line]


def line(event: Event) -> Line:
    data = event.data if isinstance(event.data, dict) else {}
    return Line(
        event.id,
        event.position,
        event.event_type,
        EventType(event.event_type).label,
        event.created_at,
        event.actor_label,
        event.actor_kind,
        why(data),
        late(data),
        tone(event.event_type),
        facts(data, event.actor_label),
        data["attempt"] if isinstance(data.get("attempt"), int) else None,
        is_judged(event, data),
    )


def is_judged(event: Event, data: dict[str, Any]) -> bool:
    """Also of a task: with its result goes what the policy made of it, and with a verdict its reason."""
    about_decision = event.entity_type == EntityType.DECISION or "decision_id" in data
    return about_decision or event.event_type == EventType.TASK_OVERRIDDEN


def why(data: dict[str, Any]) -> str:
    error = data.get("error")
    told = [data.get("reason"), data.get("comment")]
    if isinstance(error, dict):
        told.append(f"{error.get('type', '')}: {error.get('message', '')}".strip(": "))
    return " · ".join(str(part) for part in told if part)


def late(data: dict[str, Any]) -> str:
    seconds = data.get("late_seconds")
    if not isinstance(seconds, int | float) or seconds <= 0:
        return ""
    return f"{seconds_in_words(seconds)} late"


def tone(event_type: str) -> str:
    return "bad" if event_type in BAD else "good" if event_type in GOOD else "quiet"


def facts(data: dict[str, Any], who: str) -> list[Fact]:
    """Nothing is said twice: who acted stands beside the line already."""
    known = ((words, data.get(name)) for name, words in TOLD)
    return [Fact(words, said(value)) for words, value in known if value not in (None, "", who)]


def said(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("_", " ")


def chapters(lines: Sequence[Line]) -> list[Chapter]:
    """`lines` from the oldest to the newest; the chapters come the other way round, as they are read."""
    found: list[Chapter] = []
    number = first_number(lines)
    for one in lines:
        if one.event_type == EventType.TASK_ASSIGNED and one.attempt:
            number = one.attempt
        if not found or found[-1].number != number:
            found.append(Chapter(number, []))
        found[-1].lines.append(one)
    return [Chapter(one.number, one.lines[::-1]) for one in reversed(found)]


def first_number(lines: Iterable[Line]) -> int:
    """To which attempt the lines before the first assignment belong, where the story begins in the middle."""
    for one in lines:
        if one.attempt:
            return one.attempt - (one.event_type == EventType.TASK_ASSIGNED)
    return 0
