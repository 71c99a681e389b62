"""What becomes of synthetic tasks, and how often."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from heapq import merge
from typing import Any

from decisions.models.decision import Verdict
from decisions.seeding.cast import Cast
from decisions.seeding.chance import DAYS, Chance, moments
from decisions.seeding.ledger import Ledger
from decisions.seeding.lives import POLICY, Life
from decisions.states import State

# As many are open as people let it be, however long the past is.
MOST_OPEN, OPEN_SHARE = 2_000, 0.2
RECENT = timedelta(hours=20)  # less than a task may lie in the queue before a person is called
ENDED_BEFORE = timedelta(minutes=20)
VERDICTS = {
    Verdict.APPROVE: 0.76, Verdict.EDIT: 0.09, Verdict.REJECT: 0.09, Verdict.RESPOND: 0.02, Verdict.OVERRIDE: 0.04,
}  # fmt: skip
HOURS_AHEAD = 72

Story = Callable[[Life], None]


# Those that have ended.


def worked_out(life: Life) -> None:
    """Assigned, done, and looked at by a person where the policy asks for one, again and again."""
    while life.row["state"] == State.QUEUED:
        life.take()
        life.begin()
        life.complete()
        if life.waits_for_a_person:
            judged(life, life.chance.one_of(VERDICTS))


def judged(life: Life, verdict: Verdict) -> None:
    if verdict == Verdict.OVERRIDE:
        life.override()
    else:
        # A second rejection would call a person for good.
        approves = verdict in {Verdict.REJECT, Verdict.RESPOND} and life.row["attempt_count"] > 1
        life.review(Verdict.APPROVE if approves else verdict)


def tried_again(life: Life) -> None:
    """The first agent lets it down in one way or another."""
    life.take()
    if life.chance.happens(0.6):
        life.begin()
        if life.chance.happens(0.5):
            life.fail()
    life.run_out()
    worked_out(life)


def rescued(life: Life) -> None:
    """Nobody could do it; a person did, or gave it to somebody else."""
    escalated(life)
    if life.chance.happens(0.5):
        life.override()
    else:
        life.requeue()
        worked_out(life)


def called_off(life: Life) -> None:
    life.cancel()


def taken_over(life: Life) -> None:
    life.override()


ENDED: dict[Story, float] = {
    worked_out: 0.79, tried_again: 0.03, rescued: 0.005, called_off: 0.135, taken_over: 0.04,
}  # fmt: skip

# Those that are open at this moment: what has to happen next lies ahead, over days; little of it is late.


def queued(life: Life) -> None:
    """It waits for an agent."""


def paused(life: Life) -> None:
    """It waits for its next try."""
    life.take()
    life.run_out(life.chance.later(HOURS_AHEAD))


def held(life: Life) -> None:
    life.take(life.cast.holders or life.cast.workers)
    path = life.chance.one_of({(): 1, (State.ACKED,): 1, (State.ACKED, State.IN_PROGRESS): 6})
    if path:
        life.begin(*path)
    if State.IN_PROGRESS in path:
        life.attempt["progress"] = round(life.chance.random.random(), 2)


def waiting(life: Life) -> None:
    """The result waits for a person."""
    life.take()
    life.begin()
    seconds = (life.chance.later(HOURS_AHEAD) - life.at).total_seconds()
    life.complete(replace(POLICY, threshold=None, review_seconds=int(seconds)))


def failed(life: Life) -> None:
    life.take()
    life.begin()
    life.fail()


def escalated(life: Life) -> None:
    life.take()
    life.begin()
    life.fail(retryable=False)
    life.run_out(life.chance.later(HOURS_AHEAD))


OPEN: dict[Story, float] = {
    queued: 0.2, paused: 0.1, held: 0.15, waiting: 0.37, failed: 0.08, escalated: 0.1,
}  # fmt: skip


def tell(tasks: int, chance: Chance, cast: Cast, ledger: Ledger) -> Iterator[Life]:
    """So many lives, by the time of creation; each is whole when it comes."""
    still_open = min(int(tasks * OPEN_SHARE), MOST_OPEN)
    ended = moments(tasks - still_open, chance.now - ENDED_BEFORE, timedelta(days=DAYS))
    recent = moments(still_open, chance.now - ENDED_BEFORE, RECENT)
    begun = merge(((at, ENDED) for at in ended), ((at, OPEN) for at in recent), key=first)
    for number, (at, stories) in enumerate(begun, 1):
        story = chance.one_of(stories)
        life = Life(number, at, chance, cast, ledger, **limits(story, at, chance))
        story(life)
        yield life


def first(pair: tuple[datetime, Any]) -> datetime:
    return pair[0]


def limits(story: Story, at: datetime, chance: Chance) -> dict[str, Any]:
    """Limits that reach into the days ahead, for what would otherwise be due at once."""
    seconds = max(60, int((chance.later(HOURS_AHEAD) - at).total_seconds()))
    if story is held:
        return {"ack_timeout": seconds, "lease_seconds": seconds}
    if story is failed:
        return {"backoff_initial": seconds, "backoff_maximum": seconds}
    return {}
