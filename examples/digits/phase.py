"""Some hundred images, read by the three agents; whatever the policy sends to people gets its true label."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from examples.digits.crew import Crew
from examples.digits.data import Digit
from examples.digits.desk import Desk
from examples.digits.people import Person
from examples.digits.report import agent_names, completions, verdict_on_each
from examples.digits.stories import Event, Stories
from examples.digits.tasks import calm_task_of

LOOK_EVERY = 0.25
# So many tasks wait for an agent or are with one, at most: few, so that all three work to the end.
BACKLOG = 30
DONE = frozenset({"verified", "cancelled"})
WITH_A_PERSON = frozenset({"completed", "escalated"})
PAGE = 500


class Question(NamedTuple):
    """An image for one of the agents, by its id."""

    digit: Digit
    agent_id: str


class Decided(NamedTuple):
    """A decision as it was made, and whether it was wrong in truth. What there was none of is None."""

    agent: str
    confidence: float
    worth: float | None
    risk: float | None
    model_version: str
    route: str
    probability: float
    wrong: bool


class Overdue(Exception):
    """The time is up."""


def questions(
    digits: Sequence[Digit], agents: Sequence[str], tasks: int, seed: int
) -> list[Question]:
    """So many of all pairs of an image and an agent, in random order, none of them twice."""
    pairs = [Question(digit, agent) for digit in digits for agent in agents]
    random.Random(seed).shuffle(pairs)
    return pairs[:tasks]


class Phase:
    def __init__(self, asked: Sequence[Question], manager: Person, desk: Desk, crew: Crew) -> None:
        self.asked, self.manager, self.desk, self.crew = asked, manager, desk, crew
        self.labels: dict[str, int] = {}
        self.stories = Stories(manager)

    def run(self, console: Console, until: float) -> list[Decided]:
        """Overdue if it is not done at the moment `until` of the monotonic clock."""
        with self.progress(console) as bar:
            shown = bar.add_task("", total=len(self.asked))
            while (done := self.count(DONE)) < len(self.asked):
                if time.monotonic() > until:
                    raise Overdue(f"{done} of {len(self.asked)} tasks were verified in time.")
                self.step()
                bar.update(shown, completed=self.count(DONE), description=self.standing())
                time.sleep(LOOK_EVERY)
        return self.decided()

    def step(self) -> None:
        self.crew.tend()
        self.feed()
        self.stories.follow(self.labels.keys())
        if self.count(WITH_A_PERSON):
            self.desk.clear(self.labels)

    def feed(self) -> None:
        ahead = len(self.labels) - self.count(DONE | WITH_A_PERSON)
        first = len(self.labels)
        following = self.asked[first : first + BACKLOG - ahead]
        if not following:
            return
        bodies = [calm_task_of(*question) for question in following]
        made = self.manager.post("/decisions/tasks", {"tasks": bodies})["tasks"]
        for task, question in zip(made, following, strict=True):
            self.labels[task["id"]] = question.digit.label
        if not first:
            self.stories.begin(made[0]["id"])

    def count(self, states: frozenset[str]) -> int:
        return sum(story.state in states for story in self.stories.of.values())

    def standing(self) -> str:
        return f"verified; {self.desk.given} verdicts"

    def progress(self, console: Console) -> Progress:
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
        return Progress(*columns, TimeElapsedColumn(), console=console)

    def decided(self) -> list[Decided]:
        stories = [self.stories.of[task_id] for task_id in self.labels]
        names, approved, results = agent_names(stories), verdict_on_each(stories), self.results()

        def is_wrong(event: Event) -> bool:
            pk, task_id = event["data"]["decision_id"], event["entity_id"]
            if pk in approved:
                return not approved[pk]
            return bool(results[task_id] != {"label": self.labels[task_id]})

        return [
            decided(event, names[event["data"]["agent_id"]], is_wrong(event))
            for event in completions(stories)
        ]

    def results(self) -> dict[str, object]:
        """What each task ended with, read from the newest on."""
        found: dict[str, object] = {}
        query: dict[str, object] = {"limit": PAGE}
        while self.labels.keys() - found.keys():
            page = self.manager.get("/decisions/tasks", **query)
            found |= {task["id"]: task["result"] for task in page["tasks"]}
            if page["next"] is None:
                break
            query["cursor"] = page["next"]
        return found


def decided(event: Event, agent: str, wrong: bool) -> Decided:
    said = event["data"]
    return Decided(
        agent,
        said["confidence"],
        said["recalibrated_confidence"],
        said["predicted_risk"],
        said["model_version"],
        said["route"],
        said["audit_probability"],
        wrong,
    )
