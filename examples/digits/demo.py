"""A number of digits, from the first to the last: fed, read, reviewed, and told about."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from examples.digits.crew import Crew
from examples.digits.data import endless_digits
from examples.digits.people import Person
from examples.digits.report import completions, report
from examples.digits.reviewer import Reviewer
from examples.digits.stories import Stories
from examples.digits.tasks import task_of

LOOK_EVERY = 0.25
# So many tasks wait for an agent at most: enough to keep all of them busy.
BACKLOG = 16
# The slow agent is killed with -9, in mid-work, when this share of the tasks is done.
KILLED_AT = (0.15, 0.5)
VICTIM = "slow"
DONE = frozenset({"verified", "cancelled"})
WITH_A_PERSON = frozenset({"completed", "escalated"})


@dataclass(frozen=True)
class Cast:
    manager: Person
    reviewer: Person
    crew: Crew
    names: Mapping[str, str]  # of the agents, by what they are


class Demo:
    def __init__(self, cast: Cast, *, tasks: int, review: bool, console: Console) -> None:
        self.cast, self.wanted, self.console = cast, tasks, console
        self.labels: dict[str, int] = {}
        self.stories = Stories(cast.manager)
        self.reviewer = Reviewer(cast.reviewer, cast.manager, self.labels) if review else None
        self.digits, self.run_id = endless_digits(), secrets.token_hex(4)
        self.kills = 0

    def run(self, timeout: float) -> bool:
        """Whether all of it ended well within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        self.cast.crew.start()
        try:
            with self.progress() as bar:
                shown = bar.add_task("verified", total=self.wanted)
                while not self.is_over() and time.monotonic() < deadline:
                    self.step()
                    bar.update(shown, completed=self.count(DONE), description=self.standing())
                    time.sleep(LOOK_EVERY)
        finally:
            self.cast.crew.stop()
        return self.is_over() and not self.count(frozenset({"cancelled"}))

    def step(self) -> None:
        self.cast.crew.tend()
        self.feed()
        news = self.stories.follow(self.labels.keys())
        if self.reviewer:
            self.reviewer.act(news, self.stories.of)
        self.kill_in_mid_work()

    def feed(self) -> None:
        ahead = len(self.labels) - self.count(DONE | WITH_A_PERSON)
        for _ in range(min(BACKLOG - ahead, self.wanted - len(self.labels))):
            self.create()

    def create(self) -> None:
        number, digit = len(self.labels), next(self.digits)
        task = self.cast.manager.post(
            "/decisions/task", task_of(digit, number), key=f"demo-{self.run_id}-{number}"
        )
        self.labels[task["id"]] = digit.label
        if number == 0:
            self.stories.begin(task["id"])

    def kill_in_mid_work(self) -> None:
        if self.kills == len(KILLED_AT) or self.count(DONE) < KILLED_AT[self.kills] * self.wanted:
            return
        if self.is_working(self.cast.names[VICTIM]):
            self.cast.crew.kill(VICTIM)
            self.kills += 1

    def is_working(self, agent: str) -> bool:
        stories = [s for s in self.stories.of.values() if s.state == "in_progress"]
        return any(s.all("task.assigned")[-1]["data"]["agent"] == agent for s in stories)

    def count(self, states: frozenset[str]) -> int:
        return sum(story.state in states for story in self.stories.of.values())

    def is_over(self) -> bool:
        """Every task is verified, or, where nobody reviews, has come as far as a person."""
        enough = DONE if self.reviewer else DONE | WITH_A_PERSON
        return len(self.labels) == self.wanted and self.count(enough) == self.wanted

    def standing(self) -> str:
        waiting = self.count(WITH_A_PERSON)
        return f"verified; {waiting} wait for a person" if waiting else "verified"

    def progress(self) -> Progress:
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
        return Progress(*columns, TimeElapsedColumn(), console=self.console)

    def tell(self) -> None:
        stories = [self.stories.of[task_id] for task_id in self.labels]
        self.console.print(report(stories, self.truths()))
        self.console.print(
            f"The agent {VICTIM} was killed with -9 in mid-work {self.kills} times; "
            f"agents were started again {self.cast.crew.restarts} times."
        )
        never = [task for task in stories if task.state not in DONE]
        if never:
            self.console.print(f"{len(never)} tasks wait for a person.")

    def truths(self) -> dict[str, bool]:
        """Of results that the policy accepted alone: whether the true label was found."""
        auto = [e for e in completions(self.stories.of.values()) if e["data"]["route"] == "auto"]
        return {event["data"]["decision_id"]: self.is_true(event["entity_id"]) for event in auto}

    def is_true(self, task_id: str) -> Any:
        said = self.cast.manager.get(f"/decisions/task/{task_id}")["result"]
        return said == {"label": self.labels[task_id]}
