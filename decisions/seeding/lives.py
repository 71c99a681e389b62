"""The life of one task: each step is the move that a real task would make, at a moment that is drawn."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import models

from agentic.actors import Actor, system
from agentic.changes import Birth, Happening, Insert, Machine, Move
from agentic.vocabulary import EventType as Said
from agents.strategies import Choice
from decisions import moves, shapes
from decisions.digests import digest
from decisions.models import DECISIONS, TASK_OVERRIDES, TASKS, Attempt, Decision, Escalation, Review
from decisions.models.decision import Verdict
from decisions.models.task import Priority
from decisions.plans import RESULT, completed, decided
from decisions.policy import Policy, rule
from decisions.provenance import rested_on, seen_with
from decisions.retries import next_step
from decisions.seeding.cast import CAPABILITY, Cast, Worker
from decisions.seeding.chance import Chance
from decisions.seeding.ledger import Ledger, Row
from decisions.seeding.subjects import SUBJECTS, result_of
from decisions.services.verdicts import DECISION_FIELDS, Judged, decision_move, feedback, task_move
from decisions.states import DecisionStatus, State
from decisions.work import ATTEMPT_FIELDS, TASK_FIELDS, LastAttempt, Work

PRIORITIES = {
    Priority.LOW: 0.15,
    Priority.MEDIUM: 0.65,
    Priority.HIGH: 0.17,
    Priority.CRITICAL: 0.03,
}
LIMITS = {"max_retries": 3, "ack_timeout": 30, "lease_seconds": 300}
POLICY = Policy(1, 0.9, {}, {"critical": None}, 0.05, 24 * 3600)
WORDS: dict[Verdict, dict[str, Any]] = {
    Verdict.REJECT: {"reason_code": "wrong", "reason": "It does not fit the record."},
    Verdict.RESPOND: {"reason": "Look at the second page, too."},
}  # fmt: skip
SECOND = timedelta(seconds=1)
# The newest row of each is what the next step goes on from.
KEPT: dict[type[models.Model], str] = {
    Attempt: "attempt", Decision: "decision", Escalation: "escalation",
}  # fmt: skip


class Life:
    """A task from its creation on. `at` is how far it has come; `row` and the others are as the ledger has them."""

    def __init__(
        self, number: int, at: datetime, chance: Chance, cast: Cast, ledger: Ledger, **values: Any
    ) -> None:
        self.at, self.chance, self.cast, self.ledger = at, chance, cast, ledger
        self.attempt: Row = {}
        self.decision: Row = {}
        self.escalation: Row = {}
        self.worker = cast.workers[0]
        self.creator = chance.random.choice(cast.creators)
        birth = birth_of(number, chance, self.creator, at, values)
        self.row = ledger.bear(TASKS, birth, at, self.creator)

    @property
    def work(self) -> Work:
        last = None
        if self.attempt:
            last = LastAttempt(**{name: self.attempt[name] for name in ATTEMPT_FIELDS})
        task = {name: self.row[name] for name in TASK_FIELDS}
        return Work(**task, parent_state=None, stopped=False, now=self.at, attempt=last)

    def wait(self, mean: float) -> None:
        self.at = self.chance.after(self.at, mean)

    def do(self, move: Move, actor: Actor, machine: Machine = TASKS) -> None:
        self.ledger.carry_out(machine, move, self.at, actor)
        for change in move.also:
            if isinstance(change, Insert) and change.model in KEPT:
                row = self.ledger.rows[change.model][change.values["id"]]
                setattr(self, KEPT[change.model], row)

    # The agent.

    def take(self, workers: list[Worker] | None = None) -> None:
        self.wait(20)
        self.worker = self.chance.random.choice(workers or self.cast.workers)
        agent = self.worker.actor
        choice = Choice(self.worker.id, agent.label, "round_robin", "It has waited longest.")
        self.do(moves.assign(self.work, choice, self.at), agent)

    def begin(self, *path: str) -> None:
        self.wait(2)
        hops = path or (State.ACKED, State.IN_PROGRESS)
        self.do(moves.advance(self.work, hops, self.at), self.worker.actor)

    def complete(self, policy: Policy = POLICY) -> None:
        self.wait(40)
        work = self.work
        call = self.completion(work)
        ruling = rule(
            policy,
            task_type=work.task_type,
            priority=work.priority,
            confidence=call.confidence,
            draw=self.chance.random.random(),
        )
        decision = decided(work, call, digest(RESULT, call.result), ruling)
        decision.values["id"] = self.chance.id(self.at)
        self.do(completed(work, call, decision, ruling), self.worker.actor)

    def completion(self, work: Work) -> shapes.Complete:
        draw = self.chance.random
        return shapes.Complete(
            lease_token=work.held.lease_token,
            task_id=work.id,
            result=result_of(work.task_type, draw, work.attempt_count),
            confidence=self.chance.confidence(),
            rationale=f"As in {draw.randrange(3, 40)} similar cases.",
            evidence={"similar": draw.randrange(3, 40), "source": "archive"},
        )

    def fail(self, *, retryable: bool = True) -> None:
        self.wait(15)
        kind = "Timeout" if retryable else "Unreadable"
        error = {"type": kind, "message": "The source did not answer.", "retryable": retryable}
        self.do(moves.fail(self.work, error, {}, self.at), self.worker.actor)

    # The platform.

    def run_out(self, due_at: datetime | None = None) -> None:
        """The timer passes, and the sweep does what follows; `due_at` is when it looks again."""
        self.at = self.row["due_at"] + SECOND
        work = self.work
        move = moves.from_step(work, next_step(work, self.at), self.at)
        move.values["due_at"] = due_at or move.values["due_at"]
        self.do(move, system())

    # People.

    @property
    def waits_for_a_person(self) -> bool:
        return bool(self.row["state"] == State.COMPLETED)

    def someone(self) -> Actor:
        self.wait(2400)
        return self.chance.random.choice(self.cast.reviewers)

    def review(self, verdict: Verdict) -> None:
        reviewer = self.someone()
        decision = {name: self.decision[name] for name in DECISION_FIELDS}
        judged = Judged(decision, self.work, self.said(verdict))
        self.do(decision_move(judged, reviewer), reviewer, DECISIONS)
        self.do(task_move(judged, reviewer), reviewer)

    def said(self, verdict: Verdict) -> shapes.ReviewOf:
        edited = verdict == Verdict.EDIT
        return shapes.ReviewOf(
            decision_id=self.decision["id"],
            verdict=verdict,
            proposal={**self.decision["proposal"], "corrected": True} if edited else None,
            **WORDS.get(verdict, {}),
        )

    def override(self) -> None:
        """A person decides in the agent's place, and settles what was open."""
        reviewer, reason = self.someone(), "A customer was on the phone."
        new = {"accept": True, "by_hand": True}
        told = {"reason": reason, "by": reviewer.label, "metadata": {}}
        also = self.of_override(new, reason, reviewer)
        how: dict[str, Any] = {"state": State.VERIFIED, "result": new, "also": also}
        move = moves.end(self.work, Said.TASK_OVERRIDDEN, told, self.at, **how)
        pending = self.waits_for_a_person
        self.do(move, reviewer, TASK_OVERRIDES)
        if pending:
            self.do(self.settling(), reviewer, DECISIONS)
        self.resolve(reviewer)

    def of_override(self, new: dict[str, Any], reason: str, reviewer: Actor) -> tuple[Insert, ...]:
        decision = self.decision if self.waits_for_a_person else {}
        agent_id, decision_id = decision.get("agent_id"), decision.get("id")
        values = {
            "id": self.chance.id(self.at),
            "task_id": self.row["id"],
            "decision_id": decision_id,
            "reviewer_id": reviewer.id,
            "verdict": Verdict.OVERRIDE,
            "reason": reason,
            "new_proposal": new,
            "created_at": self.at,
        }
        content = {
            "verdict": Verdict.OVERRIDE,
            "proposal": decision.get("proposal"),
            "corrected": new,
            "confidence": decision.get("confidence"),
            "seen_with_probability": seen_with(decision),
            "rested_on": rested_on(decision),
        }
        learned = feedback(self.work, content, reviewer, agent_id=agent_id, decision_id=decision_id)
        return Insert(Review, values), learned

    def settling(self) -> Move:
        return Move(
            self.decision["id"],
            self.decision["status"],
            self.decision["version"],
            (DecisionStatus.OVERRIDDEN,),
            [Happening(Said.DECISION_OVERRIDDEN, {"task_id": self.row["id"]})],
            {"due_at": None, "decided_at": self.at},
        )

    def cancel(self) -> None:
        self.wait(600)
        told = {"reason": "no longer needed", "by": self.creator.label}
        move = moves.end(self.work, Said.TASK_CANCELLED, told, self.at, state=State.CANCELLED)
        self.do(move, self.creator)

    def requeue(self) -> None:
        """Out of an escalation, to whoever is free; retries count anew."""
        reviewer = self.someone()
        told = {"reason": "the source is back", "by": reviewer.label}
        move = moves.requeue(
            self.work, Said.TASK_REQUEUED, told, self.at, due_at=self.at, retries=0
        )
        self.do(move, reviewer)
        self.resolve(reviewer)

    def resolve(self, reviewer: Actor) -> None:
        if self.escalation:
            done = {"resolved_at": self.at, "resolved_by_id": reviewer.id}
            self.escalation |= {**done, "resolution": self.row["state"]}


def birth_of(
    number: int, chance: Chance, creator: Actor, at: datetime, values: dict[str, Any]
) -> Birth:
    subject = chance.one_of(SUBJECTS)
    title, payload = subject(chance.random, number)
    task_type, priority = subject.__name__, chance.one_of(PRIORITIES)
    told = {"title": title, "task_type": task_type, "priority": priority.label}
    values = {
        "title": title,
        "task_type": task_type,
        "priority": priority.value,
        "payload": {**payload, "synthetic": True},
        "required_capabilities": [CAPABILITY],
        "created_by_id": creator.id,
        "updated_at": at,
        **LIMITS,
        **values,
    }
    return Birth(chance.id(at), values, [Happening(Said.TASK_CREATED, told)])
