"""What is known of agents: what they hold, how their last attempts ended, and what people said of their work."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from agents.models import Agent
from decisions.judgements import WHAT_WAS_SAID
from decisions.models import Attempt, Decision, Stop, StopScope, Task
from decisions.models.decision import Route
from decisions.models.task import Outcome
from decisions.states import CORRECTED, HELD, JUDGED
from decisions.statistics import Share
from decisions.stopping import on

SHOWN_ATTEMPTS = 20
COUNTED = 100  # of the newest attempts, and of the newest decisions that went to people
# What an agent gave back, paused or was stopped in says nothing of how well it works.
LOST = frozenset({Outcome.FAILED, Outcome.ACK_MISSED, Outcome.LEASE_LOST, Outcome.AGENT_OFFLINE})
ENDED = LOST | {Outcome.COMPLETED}
TO_PEOPLE = (Route.PERSON, Route.SAMPLE)


class Ended(NamedTuple):
    """An attempt; one that is still open has no outcome."""

    at: datetime
    outcome: str


class Standing(NamedTuple):
    """One agent as a list shows it."""

    agent: Agent
    held: int
    stopped: bool
    attempts: list[Ended]  # the newest last
    success: Share
    corrected: Share


def standings(agents: Sequence[Agent], stops: Sequence[Stop]) -> list[Standing]:
    ids = [agent.pk for agent in agents]
    held, attempts, verdicts = held_by(ids), attempts_of(ids), verdicts_of(ids)
    return [
        Standing(
            agent,
            held[agent.pk],
            is_stopped(agent, stops),
            attempts[agent.pk][-SHOWN_ATTEMPTS:],
            success(one.outcome for one in attempts[agent.pk]),
            corrected(verdicts[agent.pk]),
        )
        for agent in agents
    ]


def success(outcomes: Iterable[str]) -> Share:
    ended = [outcome for outcome in outcomes if outcome in ENDED]
    return Share(ended.count(Outcome.COMPLETED), len(ended))


def corrected(statuses: Iterable[str]) -> Share:
    """Of what people judged: a decision that nobody looked at is not among them."""
    judged = [status for status in statuses if status in JUDGED]
    return Share(sum(status in CORRECTED for status in judged), len(judged))


def held_by(agents: Sequence[UUID]) -> Counter[UUID]:
    """How many tasks each of them holds at this moment."""
    held = Task.objects.filter(assigned_agent__in=agents, state__in=HELD).order_by()
    return Counter(dict(held.values_list("assigned_agent").annotate(Count("pk"))))


def attempts_of(agents: Sequence[UUID]) -> defaultdict[UUID, list[Ended]]:
    rows = newest_of_each(Attempt.objects.all(), agents, by="assigned_at", number=COUNTED)
    found: defaultdict[UUID, list[Ended]] = defaultdict(list)
    for agent_id, at, outcome in rows.values_list("agent_id", "assigned_at", "outcome"):
        found[agent_id].append(Ended(at, outcome))
    return found


def verdicts_of(agents: Sequence[UUID]) -> defaultdict[UUID, list[str]]:
    """What people said of what was brought to them."""
    asked = Decision.objects.filter(route__in=TO_PEOPLE)
    rows = newest_of_each(asked, agents, by="created_at", number=COUNTED)
    found: defaultdict[UUID, list[str]] = defaultdict(list)
    for agent_id, said in rows.values_list("agent_id", WHAT_WAS_SAID):
        found[agent_id].append(said)
    return found


def newest_of_each(
    rows: QuerySet[Any], agents: Sequence[UUID], *, by: str, number: int
) -> QuerySet[Any]:
    """Of each agent the newest `number` rows, and such as are of one age with the last of them; in order.

    Two statements that each follow the index of agent and time, for any number of agents: a window over all rows of an
    agent would read all of them.
    """
    last = rows.filter(agent=OuterRef("pk")).order_by(f"-{by}").values(by)[number - 1 : number]
    bounds = Agent.objects.filter(pk__in=agents).order_by().values_list("pk", Subquery(last))
    wanted = Q(pk__in=[])
    for agent_id, since in bounds:
        wanted |= Q(agent=agent_id, **{f"{by}__gte": since}) if since else Q(agent=agent_id)
    return rows.filter(wanted).order_by(by)


def is_stopped(agent: Agent, stops: Iterable[Stop]) -> bool:
    """Whether nothing is given to it, whatever its status: it is stopped by name, or everything is."""
    return any(stop.scope == StopScope.EVERYTHING or stop.agent_id == agent.pk for stop in stops)


def stops_on() -> list[Stop]:
    return list(on().select_related("agent", "created_by").order_by("-created_at", "-id"))
