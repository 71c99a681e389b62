"""Random walks of tasks, agent, operator and sweep, compared with a model in Python after each step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import hypothesis
import pytest
from django.db import transaction
from django.db.models import F
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from agentic.clock import database_now
from agentic.errors import Conflict, DomainError, IllegalMove, LeaseLost, NotFound
from agentic.models import Event
from agents.models import AGENTS, Agent, AgentStatus
from agents.services import set_status
from decisions import shapes
from decisions.folding import STATES, compare
from decisions.models import DECISIONS, TASKS, Attempt, Decision, Escalation, Task
from decisions.plans import RESULT
from decisions.sweep import sweep
from tests.decisions.floor import Floor, activate_policy, everything

CAPACITY = 3
LONG = 3600  # nothing runs out by itself while a walk lasts
SURE, UNSURE = 0.9, 0.1
FATAL = "Fatal"  # the error type that no task retries
HELD = ("assigned", "acked", "in_progress")
TERMINAL = ("verified", "cancelled")
# What a person may do with a task by hand, from which states, and what becomes of its timer.
BY_HAND = {
    "cancelled": (("queued", "failed", "escalated", *HELD), "none"),
    "escalated": (("queued", "failed", "completed", *HELD), "running"),
    "queued": (("failed", "completed", "escalated", *HELD), "out"),
}
VERDICTS: dict[str, tuple[str, dict[str, Any]]] = {
    "approve": ("approved", {}),
    "edit": ("edited", {"proposal": {"label": 99}}),
    "reject": ("rejected", {"reason_code": "wrong"}),
    "respond": ("responded", {"reason": "look again"}),
}


@dataclass(eq=False)
class Asked:
    """A decision as the model knows it."""

    pk: UUID
    status: str
    overdue: bool = False


@dataclass(eq=False)
class Told:
    """A task as the model knows it. `timer` is none, running, or out."""

    most: int
    state: str = "queued"
    timer: str = "none"
    retries: int = 0
    number: int = 0
    level: int = 0
    releases: int = 0  # since a person last took it out of an escalation
    final: bool = False  # its failure is not to be retried
    waits: bool = False
    token: UUID = field(default_factory=uuid4)
    ended_by: Any = None
    handed_in: int = -1
    result: Asked | None = None
    rejected: set[int] = field(default_factory=set)
    proposals: dict[int, Asked] = field(default_factory=dict)

    @property
    def asked(self) -> list[Asked]:
        return [*self.proposals.values(), *([self.result] if self.result else [])]

    @property
    def pending(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.status == "pending"]

    @property
    def open_proposals(self) -> list[Asked]:
        return [asked for asked in self.proposals.values() if asked.status == "pending"]

    def go(self, state: str, timer: str) -> None:
        """The move, and what it means for decisions that wait."""
        if state in (*TERMINAL, "escalated") or self.state == "completed":
            self.settle("expired")
        if self.state == "escalated":
            self.releases = 0
        self.level = 1 if state == "escalated" else 0
        self.state, self.timer, self.waits = state, timer, False

    def settle(self, status: str) -> None:
        for asked in self.pending:
            asked.status = status

    def sent_back(self, timer: str) -> None:
        """One retry less, or a person when none is left."""
        if self.retries >= self.most:
            self.go("escalated", "running")
        else:
            self.retries += 1
            self.go("queued", timer)

    def failed(self, *, final: bool) -> None:
        self.go("failed", "out" if final or self.retries >= self.most else "running")
        self.final = final


def has(*states: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The rule applies while there is a task, in one of these states if any are named."""
    return precondition(
        lambda self: any(not states or task.state in states for task in self.tasks.values())
    )


which = st.integers(0, 9)


class Platform(RuleBasedStateMachine):
    """One agent, one operator, a few tasks. Each rule says what must come of it, and tries it."""

    floor: Floor

    def __init__(self) -> None:
        super().__init__()
        self.undone = transaction.atomic()
        self.undone.__enter__()
        Agent.objects.filter(pk=self.floor.agent.pk).update(max_concurrent_tasks=CAPACITY)
        # What is unsure goes to a person, the rest passes.
        activate_policy(threshold=0.5, review_seconds=LONG)
        self.tasks: dict[UUID, Told] = {}
        self.status, self.abandoned = "offline", False

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undone.__exit__(None, None, None)

    # What the rules need.

    def pick(self, number: int) -> tuple[UUID, Told]:
        """A task; two times of three one that an agent holds, where the most can happen."""
        held = [pk for pk, task in self.tasks.items() if task.state in HELD]
        ids = held if held and number % 3 else list(self.tasks)
        task_id = ids[number % len(ids)]
        return task_id, self.tasks[task_id]

    def free(self) -> int:
        """How many tasks the agent may still be given."""
        held = sum(task.state in HELD for task in self.tasks.values())
        return CAPACITY - held if self.status == "available" else 0

    def assigned(self, task_id: UUID) -> None:
        task = self.tasks[task_id]
        task.go("assigned", "running")
        task.number, task.ended_by = task.number + 1, None
        attempts = Attempt.objects.filter(task=task_id, number=task.number)
        task.token = attempts.values_list("lease_token", flat=True).get()

    def refused(self, error: type[DomainError], call: Callable[[], Any]) -> None:
        """For this reason, and nothing was written."""
        before = everything()
        with pytest.raises(error) as caught:
            call()
        assert type(caught.value) is error
        assert everything() == before

    def says(self, task: Told, words: Any, call: Callable[[], Any], *states: str) -> Any:
        """What the agent is answered, if one of `states` allows the call; else its refusal, and None."""
        if task.state in states:
            return call()
        if task.state in HELD:
            self.refused(IllegalMove, call)
        elif task.number == 0:
            self.refused(NotFound, call)
        elif task.ended_by == words:
            before = everything()
            assert call()["task_id"]  # the same words again have the same answer
            assert everything() == before
        else:
            self.refused(LeaseLost, call)
        return None

    # People and programs.

    @initialize()
    def begin(self) -> None:
        self.appears()
        for most in (0, 1, 2):
            self.create(most)
        self.begin_work()

    @precondition(lambda self: len(self.tasks) < 7)
    @rule(most=st.integers(0, 2))
    def create(self, most: int) -> None:
        room = self.free()
        task_id = self.floor.create(
            max_retries=most,
            ack_timeout=LONG,
            lease_seconds=LONG,
            retry_policy=shapes.RetryPolicy(
                initial_interval=LONG, non_retryable_error_types=[FATAL]
            ),
        )
        self.tasks[task_id] = Told(most)
        if room > 0:
            self.assigned(task_id)

    @has()
    @rule(number=which, state=st.sampled_from(["queued", *sorted(BY_HAND)]))
    def move_by_hand(self, number: int, state: str) -> None:
        task_id, task = self.pick(number)
        states, timer = BY_HAND[state]
        move = partial(self.floor.patch, task_id, state)
        if task.state not in states:
            self.refused(IllegalMove, move)
            return
        move()
        task.go(state, timer)
        task.retries = 0 if state == "queued" else task.retries

    @has("queued", "escalated")
    @rule(number=which)
    def assign_by_hand(self, number: int) -> None:
        task_id, task = self.pick(number)
        assign = partial(self.floor.patch, task_id, "assigned")
        if task.state not in ("queued", "escalated"):
            self.refused(IllegalMove, assign)
        elif self.free() <= 0:
            self.refused(Conflict, assign)
        else:
            assign()
            self.assigned(task_id)

    @precondition(lambda self: len(self.tasks) > 4)
    @rule(number=which)
    def override(self, number: int) -> None:
        task_id, task = self.pick(number)
        if task.state in TERMINAL:
            self.refused(IllegalMove, partial(self.floor.override, task_id))
            return
        self.floor.override(task_id)
        task.settle("overridden")
        task.go("verified", "none")

    @precondition(lambda self: any(task.asked for task in self.tasks.values()))
    @rule(number=which, verdict=st.sampled_from(sorted(VERDICTS)))
    def review(self, number: int, verdict: str) -> None:
        """Mostly of a decision that waits; now and then of one that was decided before."""
        known = [(task, asked) for task in self.tasks.values() for asked in task.asked]
        waiting = [pair for pair in known if pair[1].status == "pending"]
        chosen = waiting if waiting and number else known
        task, asked = chosen[number % len(chosen)]
        status, more = VERDICTS[verdict]
        review = partial(self.floor.review, asked.pk, verdict, **more)
        if asked.status != "pending":
            self.refused(Conflict, review)
            return
        review()
        asked.status = status
        self.after_verdict(task, asked)

    def after_verdict(self, task: Told, asked: Asked) -> None:
        if asked is not task.result:
            if task.waits:
                task.timer, task.waits = "out", False
        elif asked.status == "rejected":
            task.rejected.add(task.handed_in)
            task.sent_back("out")
        elif asked.status == "responded":
            task.go("queued", "out")
        else:
            task.go("verified", "none")

    @rule(status=st.sampled_from(["available", "available", "maintenance", "offline"]))
    def operate(self, status: str) -> None:
        agent_id = self.floor.agent.pk
        set_status(actor=self.floor.operator, agent_id=agent_id, status=AgentStatus(status))
        if status != self.status:
            self.abandoned = status == "offline"
        self.status = status

    # The agent.

    @rule()
    def appears(self) -> None:
        self.floor.appear()
        self.is_back()

    def is_back(self) -> None:
        """Whoever was offline is not any more; who is in maintenance stays there."""
        if self.status == "offline":
            self.status, self.abandoned = "available", False

    @rule(most=st.integers(1, 3))
    def claim(self, most: int) -> None:
        found = {task["id"] for task in self.floor.claim(most)}
        self.is_back()
        known = self.tasks.items()
        given = {pk for pk, task in known if task.state == "assigned"}
        queued = {pk for pk, task in known if task.state == "queued" and task.timer != "running"}
        room = max(0, min(most - len(found & given), self.free()))
        assert found <= given | queued
        assert len(found & given) == min(most, len(given))
        assert len(found & queued) == min(room, len(queued))
        for task_id in found & queued:
            self.assigned(task_id)

    @has()
    @rule(number=which, start=st.booleans())
    def ack(self, number: int, start: bool) -> None:
        task_id, task = self.pick(number)
        call = partial(self.floor.ack, task_id, task.token, start=start)
        if self.says(task, "ack", call, *HELD) is None:
            return
        state = "in_progress" if start or task.state == "in_progress" else "acked"
        if state != task.state:
            task.state, task.timer = state, "running"

    @has("assigned", "acked")
    @rule()
    def begin_work(self) -> None:
        for task_id, task in self.tasks.items():
            if task.state in ("assigned", "acked"):
                self.floor.ack(task_id, task.token, start=True)
                task.state, task.timer = "in_progress", "running"

    @has()
    @rule(number=which, progress=st.floats(0, 1))
    def beat(self, number: int, progress: float) -> None:
        task_id, task = self.pick(number)
        call = partial(self.floor.beat, task_id, task.token, progress=progress)
        if self.says(task, "beat", call, "acked", "in_progress"):
            task.timer = "running"

    @has("in_progress")
    @rule(number=which, label=st.integers(0, 1), confidence=st.sampled_from([SURE, UNSURE, None]))
    def complete(self, number: int, label: int, confidence: float | None) -> None:
        task_id, task = self.pick(number)
        words = {"result": {"label": label}, "confidence": confidence}
        call = partial(self.floor.complete, task_id, task.token, **words)
        answer = self.says(task, words, call, "in_progress")
        if answer is None:
            return
        task.ended_by, task.handed_in = words, label
        if label in task.rejected:
            assert (answer["outcome"], answer["decision_id"]) == ("failed", None)
            task.failed(final=False)
        elif confidence == SURE:
            task.result = Asked(answer["decision_id"], "auto_approved")
            task.go("verified", "none")
        else:
            task.result = Asked(answer["decision_id"], "pending")
            task.go("completed", "running")

    @has()
    @rule(number=which, kind=st.sampled_from(["ValueError", FATAL]), retryable=st.booleans())
    def fail(self, number: int, kind: str, retryable: bool) -> None:
        task_id, task = self.pick(number)
        call = partial(self.floor.fail, task_id, task.token, kind, retryable=retryable)
        if self.says(task, (kind, retryable), call, "acked", "in_progress"):
            task.ended_by = (kind, retryable)
            task.failed(final=kind == FATAL or not retryable)

    @has()
    @rule(number=which)
    def release(self, number: int) -> None:
        task_id, task = self.pick(number)
        call = partial(self.floor.release, task_id, task.token)
        if self.says(task, "release", call, *HELD):
            task.ended_by = "release"
            task.releases += 1
            again = task.releases < 3 * (task.most + 1)
            task.go("queued" if again else "escalated", "running")

    @has("in_progress")
    @rule(number=which, until=st.sampled_from(["time", "decision"]))
    def suspend(self, number: int, until: str) -> None:
        task_id, task = self.pick(number)
        call = partial(self.floor.suspend, task_id, task.token, until=until, resume_after=LONG)
        if self.says(task, ("suspend", until), call, "in_progress"):
            task.ended_by = ("suspend", until)
            waits = until == "decision" and bool(task.pending)
            task.go("queued", "running")
            task.waits = waits

    @has("in_progress")
    @rule(number=which, deed=st.integers(0, 1), confidence=st.sampled_from([SURE, UNSURE]))
    def propose(self, number: int, deed: int, confidence: float) -> None:
        task_id, task = self.pick(number)
        words = {"proposal": {"deed": deed}, "confidence": confidence}
        call = partial(self.floor.propose, task_id, task.token, **words)
        answer = self.says(task, "propose", call, "in_progress")
        if answer is None:
            return
        known = task.proposals.get(deed)
        if known is None or known.status in ("expired", "responded"):
            status = "auto_approved" if confidence == SURE else "pending"
            known = task.proposals[deed] = Asked(answer["decision_id"], status)
        assert (answer["decision_id"], answer["status"]) == (known.pk, known.status)

    # Time.

    @has()
    @rule(number=which)
    def time_passes(self, number: int) -> None:
        task_id, task = self.pick(number)
        if task.timer == "running":
            past = database_now() - timedelta(seconds=60)
            Task.objects.filter(pk=task_id).update(due_at=past)
            Attempt.objects.filter(task=task_id, ended_at=None).update(lease_expires_at=past)
            task.timer = "out"

    @precondition(lambda self: any(task.open_proposals for task in self.tasks.values()))
    @rule(number=which)
    def nobody_decides(self, number: int) -> None:
        """Whatever an agent proposed in mid-work is overdue; a result's time is its task's."""
        asking = [(pk, task) for pk, task in self.tasks.items() if task.open_proposals]
        task_id, task = asking[number % len(asking)]
        past = database_now() - timedelta(seconds=60)
        pending = Decision.objects.filter(task=task_id, status="pending")
        pending.exclude(decision_type=RESULT).update(due_at=past)
        for asked in task.open_proposals:
            asked.overdue = True

    @precondition(lambda self: self.status == "available")
    @rule()
    def fall_silent(self) -> None:
        past = database_now() - timedelta(seconds=1)
        Agent.objects.filter(pk=self.floor.agent.pk).update(silent_at=past)
        self.status, self.abandoned = "offline", True
        self.tick()

    @rule()
    def tick(self) -> None:
        sweep()
        if self.abandoned:
            for task in self.tasks.values():
                if task.state in HELD:
                    task.sent_back("running")
        self.abandoned = False
        queued = self.run_timers()
        self.offer(queued)
        for task in self.tasks.values():
            if any(asked.overdue for asked in task.open_proposals):
                self.leave_undecided(task)

    def leave_undecided(self, task: Told) -> None:
        """Of a task that waits for its result's verdict, only the proposals end."""
        if task.state == "completed":
            for asked in task.open_proposals:
                asked.status = "expired"
        else:
            task.go("escalated", "running")

    def run_timers(self) -> list[UUID]:
        """What became of those whose timer was out; the queued ones, which are offered next."""
        out = {pk: task for pk, task in self.tasks.items() if task.timer == "out"}
        queued = [pk for pk, task in out.items() if task.state == "queued"]
        for task in out.values():
            if task.state in HELD:
                task.sent_back("running")
            elif task.state == "completed" or (task.state == "failed" and task.final):
                task.go("escalated", "running")
            elif task.state == "failed":
                task.sent_back("out")
            elif task.state == "escalated":
                task.level, task.timer = task.level + 1, "running"
        return queued

    def offer(self, queued: list[UUID]) -> None:
        """As many as the agent has room for; the others wait to be claimed."""
        numbers = dict(Task.objects.filter(pk__in=queued).values_list("pk", "attempt_count"))
        taken = [pk for pk in queued if numbers[pk] > self.tasks[pk].number]
        assert len(taken) == max(0, min(len(queued), self.free()))
        for task_id in queued:
            if task_id in taken:
                self.assigned(task_id)
            else:
                self.tasks[task_id].go("queued", "none")

    # What must hold after each step.

    @invariant()
    def tasks_are_as_expected(self) -> None:
        rows = Task.objects.values_list("pk", "state", "retry_count", "attempt_count", "waits_for")
        assert {row[0]: row[1:] for row in rows} == {
            pk: (task.state, task.retries, task.number, "decision" if task.waits else "")
            for pk, task in self.tasks.items()
        }

    @invariant()
    def timers_are_as_expected(self) -> None:
        now = database_now()
        timers = {
            pk: "none" if due_at is None else "out" if due_at <= now else "running"
            for pk, due_at in Task.objects.values_list("pk", "due_at")
        }
        assert timers == {pk: task.timer for pk, task in self.tasks.items()}

    @invariant()
    def an_attempt_is_open_while_an_agent_holds_the_task(self) -> None:
        opened = Attempt.objects.filter(ended_at=None)
        sound = opened.filter(
            number=F("task__attempt_count"),
            agent=F("task__assigned_agent"),
            lease_expires_at=F("task__due_at"),
        )
        held = {pk: task.token for pk, task in self.tasks.items() if task.state in HELD}
        assert dict(sound.values_list("task", "lease_token")) == held
        assert opened.count() == len(held)
        assert self.status != "available" or len(held) <= CAPACITY

    @invariant()
    def decisions_are_as_expected(self) -> None:
        known = {one.pk: one.status for task in self.tasks.values() for one in task.asked}
        there = dict(Decision.objects.values_list("pk", "status"))
        assert {pk: there[pk] for pk in known} == known
        # Those that the model has forgotten were asked anew.
        assert "pending" not in {there[pk] for pk in there.keys() - known.keys()}
        over = (*TERMINAL, "escalated")
        assert not Decision.objects.filter(status="pending", task__state__in=over).exists()

    @invariant()
    def escalations_are_as_expected(self) -> None:
        opened = Escalation.objects.filter(resolved_at=None).values_list("task", "level")
        levels = [(pk, task.level) for pk, task in self.tasks.items() if task.level]
        assert sorted(opened) == sorted(levels)

    @invariant()
    def events_fold_to_the_rows(self) -> None:
        for machine in (TASKS, DECISIONS, AGENTS):
            rows = machine.model._default_manager.order_by("pk")
            events = Event.objects.filter(entity_type=machine.entity)
            problems = compare(
                rows.values_list("pk", machine.column, "version"),
                events.order_by("entity_id", "version").values_list(
                    "entity_id", "version", "event_type"
                ),
                STATES[machine.entity],
            )
            assert list(problems) == []

    @invariant()
    def the_agent_is_as_expected(self) -> None:
        assert Agent.objects.get(pk=self.floor.agent.pk).status == self.status


def test_every_walk_ends_where_the_model_does(floor: Floor, settings: Any) -> None:
    settings.AGENT_SILENT_SECONDS = settings.TASK_ESCALATION_STEP_SECONDS = LONG
    walk = type("Walk", (Platform,), {"floor": floor})
    run_state_machine_as_test(
        walk,
        settings=hypothesis.settings(
            max_examples=14,
            stateful_step_count=40,
            deadline=None,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
    )
