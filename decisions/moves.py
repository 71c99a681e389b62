"""The moves of a task, each built in one place: states, deadline, attempt and event belong together.

Pure functions of a row; `agentic.transitions` carries their moves out.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from agentic.changes import Happening, Insert, Move, Patch
from agentic.ids import new_id
from agentic.vocabulary import EventType as Said
from agents.strategies import Choice
from decisions.models import Attempt, Escalation
from decisions.models.task import Outcome
from decisions.retries import Next, Step, backoff, failed_until
from decisions.states import HELD, State
from decisions.work import Work

Data = dict[str, Any]


def assign(work: Work, choice: Choice, now: datetime) -> Move:
    """Queued, or escalated, to an agent: a new attempt with a lease token of its own."""
    number, due_at = work.attempt_count + 1, now + timedelta(seconds=work.ack_timeout)
    values = {
        "assigned_agent_id": choice.agent_id,
        "attempt_count": number,
        "due_at": due_at,
        "waits_for": "",
        "updated_at": now,
    }
    return Move(
        work.id,
        work.state,
        work.version,
        (State.ASSIGNED,),
        [assigned(choice, number, due_at)],
        values,
        (first_lease(work, choice, number, now, due_at),),
    )


def assigned(choice: Choice, number: int, due_at: datetime) -> Happening:
    data = {
        "agent_id": choice.agent_id,
        "agent": choice.agent_name,
        "attempt": number,
        "strategy": choice.strategy,
        "reason": choice.reason,
        "ack_by": due_at,
    }
    by_chance = {} if choice.probability is None else {"probability": choice.probability}
    return Happening(Said.TASK_ASSIGNED, data | by_chance)


def first_lease(work: Work, choice: Choice, number: int, now: datetime, due_at: datetime) -> Insert:
    """The new attempt, which ends at `due_at` if nobody confirms it."""
    values = {
        "id": new_id(),
        "task_id": work.id,
        "number": number,
        "agent_id": choice.agent_id,
        "lease_token": new_id(),
        "assigned_at": now,
        "lease_expires_at": due_at,
    }
    return Insert(Attempt, values)


def advance(work: Work, path: tuple[str, ...], now: datetime) -> Move:
    """The agent confirms, or begins, or both: its lease starts anew."""
    due_at = now + timedelta(seconds=work.lease_seconds)
    marks: Data = {"lease_expires_at": due_at}
    if State.ACKED in path:
        marks["acked_at"] = now
    if State.IN_PROGRESS in path:
        marks["started_at"] = now
    said = {State.ACKED: Said.TASK_ACKED, State.IN_PROGRESS: Said.TASK_STARTED}
    events = [Happening(said[State(hop)], attempt_data(work)) for hop in path]
    values = {"due_at": due_at, "updated_at": now}
    return Move(
        work.id,
        work.state,
        work.version,
        path,
        events,
        values,
        (Patch(Attempt, work.held.id, marks),),
    )


def renew(work: Work, marks: Data, now: datetime) -> Move:
    """A heartbeat: the lease is extended, the state stays, and there is no event.

    Heartbeats come from a thread of their own, also while the work itself hangs: no attempt is renewed for ever.
    """
    longest = work.held.assigned_at + timedelta(seconds=settings.TASK_ATTEMPT_SECONDS)
    due_at = min(now + timedelta(seconds=work.lease_seconds), longest)
    patch = Patch(Attempt, work.held.id, {"lease_expires_at": due_at, **marks})
    return Move(work.id, work.state, work.version, (), [], {"due_at": due_at}, (patch,))


def requeue(
    work: Work,
    said: str,
    data: Data,
    now: datetime,
    *,
    due_at: datetime | None = None,
    retries: int | None = None,
    ended: Data | None = None,
    waits_for: str = "",
    only_if_due: bool = False,
) -> Move:
    """Back to the queue, to be claimed from `due_at` on. `ended` says how the open attempt ends."""
    values = {
        "due_at": due_at,
        "assigned_agent_id": None,
        "retry_count": work.retry_count if retries is None else retries,
        "result": None,
        "waits_for": waits_for,
        "updated_at": now,
    }
    event = Happening(said, {**data, "due_at": due_at, "retry_count": values["retry_count"]})
    return Move(
        work.id,
        work.state,
        work.version,
        (State.QUEUED,),
        [event],
        values,
        end_attempt(work, now, ended),
        only_if_due,
    )


def retry(work: Work, step: Step, now: datetime, *, only_if_due: bool = True) -> Move:
    """One retry less, after the backoff; of a failure the backoff has already passed."""
    # Due at once, not without a timer: the next tick offers it to an agent that is free.
    due_at = now if work.state == State.FAILED else now + backoff(work)
    data = {
        "reason": step.reason,
        "outcome": step.outcome or Outcome.FAILED,
        **attempt_data(work),
        **late(work, now),
    }
    return requeue(
        work,
        Said.TASK_RETRIED,
        data,
        now,
        due_at=due_at,
        retries=work.retry_count + 1,
        ended={"outcome": step.outcome},
        only_if_due=only_if_due,
    )


def fail(work: Work, error: Data, ended: Data, now: datetime) -> Move:
    data = {"error": error, "will_retry_at": None, **attempt_data(work)}
    due_at = failed_until(work, now, error)
    data["will_retry_at"] = due_at if due_at > now else None
    values = {"due_at": due_at, "assigned_agent_id": None, "updated_at": now}
    ended = {"outcome": Outcome.FAILED, "error": error, **ended}
    return Move(
        work.id,
        work.state,
        work.version,
        (State.FAILED,),
        [Happening(Said.TASK_FAILED, data)],
        values,
        end_attempt(work, now, ended),
    )


def escalate(
    work: Work,
    reason: str,
    now: datetime,
    *,
    opened_by: UUID | None = None,
    ended: Data | None = None,
    data: Data | None = None,
    only_if_due: bool = False,
) -> Move:
    """To a person: whatever the agent still does on it is void."""
    due_at = now + timedelta(seconds=settings.TASK_ESCALATION_STEP_SECONDS)
    opened = Insert(
        Escalation,
        {
            "id": new_id(),
            "task_id": work.id,
            "reason": reason,
            "opened_at": now,
            "opened_by_id": opened_by,
        },
    )
    event = Happening(
        Said.TASK_ESCALATED, {"reason": reason, "level": 1, **attempt_data(work), **(data or {})}
    )
    values = {"due_at": due_at, "assigned_agent_id": None, "waits_for": "", "updated_at": now}
    closed = end_attempt(work, now, ended or {"outcome": Outcome.STOPPED})
    also: tuple[Insert | Patch, ...] = (opened, *closed)
    return Move(
        work.id, work.state, work.version, (State.ESCALATED,), [event], values, also, only_if_due
    )


def raise_level(work: Work, escalation_id: UUID, level: int, reason: str, now: datetime) -> Move:
    """Nobody acted: the same escalation, a level higher, with a new deadline.

    Whoever acknowledged it had a whole step for it: at the new level somebody has to see it anew.
    """
    due_at = now + timedelta(seconds=settings.TASK_ESCALATION_STEP_SECONDS)
    event = Happening(Said.TASK_ESCALATED, {"reason": reason, "level": level, **late(work, now)})
    unseen = {"acknowledged_at": None, "acknowledged_by_id": None}
    patch = Patch(Escalation, escalation_id, {"level": level, **unseen})
    values = {"due_at": due_at, "updated_at": now}
    return Move(work.id, work.state, work.version, (), [event], values, (patch,), only_if_due=True)


def end(
    work: Work,
    said: str,
    data: Data,
    now: datetime,
    *,
    state: str,
    result: Data | None = None,
    also: tuple[Insert | Patch, ...] = (),
    ended: Data | None = None,
) -> Move:
    """Verified or cancelled: nothing follows, nothing is due."""
    values = {
        "due_at": None,
        "result": work.result if result is None else result,
        "waits_for": "",
        "updated_at": now,
    }
    closed = end_attempt(work, now, ended or {"outcome": Outcome.STOPPED})
    return Move(
        work.id,
        work.state,
        work.version,
        (state,),
        [Happening(said, {**data, **attempt_data(work)})],
        values,
        also + closed,
    )


def from_step(work: Work, step: Step, now: datetime) -> Move:
    """What the sweep does with a row that holds an attempt, failed, or was never reviewed."""
    if step.kind == Next.RETRY:
        return retry(work, step, now)
    return escalate(
        work,
        step.reason,
        now,
        ended={"outcome": step.outcome},
        data=late(work, now),
        only_if_due=True,
    )


def end_attempt(work: Work, now: datetime, ended: Data | None) -> tuple[Patch, ...]:
    """The open attempt ends with the move, if there is one."""
    if work.state not in HELD or work.attempt is None:
        return ()
    return (Patch(Attempt, work.attempt.id, {"ended_at": now, **(ended or {})}),)


def attempt_data(work: Work) -> Data:
    if work.attempt is None:
        return {}
    return {"attempt": work.attempt.number, "agent_id": work.attempt.agent_id}


def late(work: Work, now: datetime) -> Data:
    return {"late_seconds": round((now - work.due_at).total_seconds(), 3)} if work.due_at else {}
