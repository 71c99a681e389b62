"""What the platform has to learn from: decisions that people looked at, as they stood before the verdict.

An example is a decision with a review that says whether it was right. It stands for 1 / the probability with which it
was seen: 1 where the policy asked a person, more where it was drawn for the audit sample. What nobody looked at is no
example, whatever became of it: with what probability its outcome would be told is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import numpy
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from agents.models import Agent
from decisions.digests import canonical
from decisions.learning.examples import MICROSECONDS, Examples, Rows, Verdicts
from decisions.learning.record import Said
from decisions.learning.scorer import NAN
from decisions.models import Decision, Feedback, Review
from decisions.models.decision import Route, Verdict

# The newest verdicts; what is older is neither an example nor part of a record.
MOST = 100_000
CHUNK = 5_000
RIGHT_OR_WRONG = {
    Verdict.APPROVE: False,
    Verdict.EDIT: True,
    Verdict.REJECT: True,
    Verdict.OVERRIDE: True,
}
KNOWN = (
    "agent_id", "task__task_type", "task__priority", "confidence", "recalibrated_confidence", "attempt__number",
    "created_at",
)  # fmt: skip
SAID = (
    "created_at", "decision__agent_id", "task__task_type", "verdict", "decision__route", "decision__audit_probability",
)  # fmt: skip


def judged() -> QuerySet[Review]:
    """What people said of decisions of agents that they were shown."""
    return Review.objects.filter(
        verdict__in=list(RIGHT_OR_WRONG),
        decision__agent__isnull=False,
        decision__route__in=(Route.PERSON, Route.SAMPLE),
        decision__audit_probability__gt=0,
    )


def read_examples(feedback_ids: Sequence[UUID] = ()) -> Examples:
    """The newest of all, or those that these examples of feedback speak of."""
    fields = ("proposed", *(f"decision__{name}" for name in KNOWN), "decision_id", *SAID)
    newest = judged().order_by("-created_at", "-id")
    read = newest.annotate(proposed=Cast("decision__proposal", TextField()))
    found = list(sized(read.values_list(*fields)[:MOST].iterator(CHUNK)))[::-1]
    said = [said_of(row[-len(SAID) :]) for row in found]
    rows = rows_of(row[: 1 + len(KNOWN)] for row in found)
    history = verdicts_of(said)
    examples = Examples(rows, history.wrong, history.weight, history)
    chosen = numpy.argsort(rows.at, kind="stable")
    if feedback_ids:
        wanted = decisions_of(feedback_ids)
        is_wanted = numpy.array([row[1 + len(KNOWN)] in wanted for row in found], bool)
        chosen = chosen[is_wanted[chosen]]
    return examples.chosen(chosen)


def names_of(agent_ids: Iterable[str]) -> dict[str, str]:
    """For people to read; an agent that is gone goes by its id."""
    ids = sorted(set(agent_ids))
    found = Agent.objects.filter(pk__in=ids).values_list("pk", "name")
    known = {str(pk): name for pk, name in found}
    return {agent: known.get(agent, agent) for agent in ids}


def decisions_of(feedback_ids: Sequence[UUID]) -> set[UUID]:
    named = Feedback.objects.filter(decision__isnull=False)
    return {
        decision_id
        for first in range(0, len(feedback_ids), CHUNK)
        for decision_id in named.filter(pk__in=feedback_ids[first : first + CHUNK]).values_list(
            "decision_id", flat=True
        )
    }


def read_rows(decisions: QuerySet[Decision]) -> Rows:
    """What was known of these, in the order of the queryset; agents are there for all of them."""
    read = decisions.annotate(proposed=Cast("proposal", TextField()))
    return rows_of(sized(read.values_list("proposed", *KNOWN).iterator(CHUNK)))


def read_history() -> Verdicts:
    """The newest of what people have said: with this the records of agents can be told as of any moment."""
    newest = judged().order_by("-created_at", "-id").values_list(*SAID)[:MOST]
    return verdicts_of([said_of(row) for row in newest.iterator(CHUNK)][::-1])


def said_since(moment: int, most: int) -> list[Said]:
    """The oldest of what was said from this moment on, in microseconds since 1970."""
    since = judged().filter(created_at__gte=moment_of(moment))
    return [said_of(row) for row in since.order_by("created_at").values_list(*SAID)[:most]]


def said_of(row: Sequence[Any]) -> Said:
    at, agent_id, task_type, verdict, route, probability = row
    weight = 1 / probability if route == Route.SAMPLE else 1.0
    return Said(microseconds(at), str(agent_id), task_type, RIGHT_OR_WRONG[verdict], weight)


def verdicts_of(said: Sequence[Said]) -> Verdicts:
    at, agents, task_types, wrong, weight = columns(said, len(Said._fields))
    return Verdicts(
        texts(agents),
        texts(task_types),
        numpy.array(at, numpy.int64),
        numpy.array(wrong, bool),
        numpy.array(weight, float),
    )


def sized(found: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """With the size of the proposal in place of its text, one after the other: together they may be large."""
    return ((size_of(row[0]), *row[1:]) for row in found)


def rows_of(found: Iterable[Sequence[Any]]) -> Rows:
    """Of the size of the proposal, with the values of KNOWN."""
    size, agents, task_types, priority, confidence, worth, attempt, at = columns(
        list(found), 1 + len(KNOWN)
    )
    return Rows(
        texts([str(agent) for agent in agents]),
        texts(task_types),
        numpy.array(priority, numpy.int64),
        numbers(confidence),
        numbers(worth),
        numpy.array([number or 1 for number in attempt], float),
        numpy.array(size, float),
        numpy.array([microseconds(moment) for moment in at], numpy.int64),
    )


def columns(rows: Sequence[Sequence[Any]], many: int) -> Sequence[Sequence[Any]]:
    return list(zip(*rows, strict=True)) if rows else [()] * many


def size_of(text: str) -> int:
    """In bytes of the JSON that its digest is made of, whichever way the database writes it."""
    return len(canonical.encode(msgspec.json.decode(text)))


def texts(values: Sequence[str]) -> Any:
    return numpy.array(values, dtype=object)


def numbers(values: Sequence[float | None]) -> Any:
    return numpy.array([NAN if value is None else value for value in values], float)


def microseconds(at: datetime) -> int:
    return round(at.timestamp() * MICROSECONDS)


def moment_of(at: int) -> datetime:
    return datetime.fromtimestamp(at / MICROSECONDS, UTC)
