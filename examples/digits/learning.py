"""What the platform learns from a phase of verdicts, goes live, and a second phase shows what it is worth."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Console

from examples.digits.crew import Crew
from examples.digits.data import Digit, digits_for_two_phases
from examples.digits.desk import Desk
from examples.digits.going_live import Deciders
from examples.digits.people import Json, Person
from examples.digits.phase import Decided, Phase, questions

SEED = 5
# As many different pairs of an image and an agent as there are for either phase.
MOST_TASKS = 3 * min(map(len, digits_for_two_phases()))
# While people teach it: below this confidence they look at all, and above at half of it, drawn at random.
TEACHING = {"threshold": 0.9, "sample_share": 0.5}
# Afterwards: the share that may be wrong of what nobody looks at; and where that cannot be shown, a share of reviews.
ACCEPTED, REVIEWED, SAMPLED = 0.05, 0.3, 0.2
EARLIER = (
    "\nThere are {known:,} decisions here already. What people said of them is learned from too: if they are of this "
    "demo, the images of phase 2 are not held out any more."
)
KEPT = "Policy version {now} stays live. To go back: version {before} on the page Policies."
KEPT_MODELS = " So does what was trained ({names}): the version before it is on its page, where there was one."
RISK = "review_risk"
MODELS = ("calibration", RISK)
# A process goes by the policy that it has read for a second, and by the models for a few.
IN_USE_AFTER = 5.0


class Learned(NamedTuple):
    """The decisions of both phases, and what ruled the second one."""

    first: Sequence[Decided]
    second: Sequence[Decided]
    policy: Json
    seconds: Sequence[float]  # of reviews, simulated


class LearningDemo:
    def __init__(
        self, manager: Person, admin: Person, reviewer: Person, crew: Crew, console: Console
    ) -> None:
        self.manager, self.crew, self.console = manager, crew, console
        self.before = 0  # the version of the policy that ruled when it began
        self.people = Deciders(manager, admin, console)
        self.desk = Desk(reviewer, SEED)

    def run(self, agents: Sequence[str], tasks: int, timeout: float) -> Learned:
        """`agents` by name. Overdue, NotTrained and Refused say why it has not come to its end."""
        until = time.monotonic() + timeout
        ids = self.ids_of(agents)
        self.before = self.people.active_policy()["version"]
        earlier, later = digits_for_two_phases()
        self.crew.start()
        try:
            self.teach()
            first = self.phase(earlier, ids, tasks, until)
            models = {name: self.go_live(name) for name in MODELS}
            policy = self.set_budget(models[RISK])
            second = self.phase(later, ids, tasks, until)
        finally:
            self.crew.stop()
        return Learned(first, second, policy, self.desk.seconds)

    def kept(self) -> str:
        """What has gone live and stays so, however the run ended, with the way back; empty where nothing has."""
        if not self.people.published:
            return ""
        told = KEPT.format(now=self.people.published[-1], before=self.before)
        names = " and ".join(self.people.gone_live)
        return told + (KEPT_MODELS.format(names=names) if names else "")

    def ids_of(self, names: Sequence[str]) -> list[str]:
        known = {
            agent["name"]: agent["id"] for agent in self.manager.get("/admin/agents")["agents"]
        }
        return [known[name] for name in names]

    def teach(self) -> None:
        draft = self.people.draft(TEACHING, "People teach the platform.")
        version = self.people.publish(draft)
        if known := draft["simulation"]["decisions"]:
            self.console.print(EARLIER.format(known=known))
        self.console.print(
            f"\n[bold]Phase 1[/bold], policy {version}: below {TEACHING['threshold']} a person looks, and at "
            f"{percent(TEACHING['sample_share'])} of the rest."
        )
        time.sleep(IN_USE_AFTER)

    def phase(
        self, digits: Sequence[Digit], agents: Sequence[str], tasks: int, until: float
    ) -> list[Decided]:
        asked = questions(digits, agents, tasks, SEED)
        return Phase(asked, self.manager, self.desk, self.crew).run(self.console, until)

    def go_live(self, name: str) -> str:
        """The version that is live then."""
        self.console.print(f"\n[bold]Training {name}[/bold]")
        return self.people.activate(self.people.train(name))

    def set_budget(self, version: str) -> Json:
        """The policy by which the second phase goes, as its draft was simulated with this risk model."""
        draft = self.by_error(version) or self.by_share(version)
        number = self.people.publish(draft)
        self.console.print(
            f"\n[bold]Phase 2[/bold], policy {number}, drafted by {self.people.manager.name} and published by "
            f"{self.people.admin.name}: {told(draft)}"
        )
        time.sleep(IN_USE_AFTER)
        return draft | {"version": number}

    def by_error(self, version: str) -> Json | None:
        budget = {"budget": "error", "budget_value": ACCEPTED, "sample_share": SAMPLED}
        draft = self.people.draft(
            budget, f"At most {percent(ACCEPTED)} wrong of what nobody looks at."
        )
        draft = self.people.simulated_with(draft, version)
        problem = draft["simulation"]["problem"]
        if not problem:
            return draft
        self.console.print(f"\nNo threshold keeps the error at {percent(ACCEPTED)}: {problem}.")
        self.people.put_aside(draft)
        return None

    def by_share(self, version: str) -> Json:
        budget = {"budget": "share", "budget_value": REVIEWED, "sample_share": SAMPLED}
        draft = self.people.draft(budget, f"People look at {percent(REVIEWED)}.")
        return self.people.simulated_with(draft, version)


def told(draft: Json) -> str:
    simulation = draft["simulation"]
    outcome = simulation["draft"]
    return (
        f"{draft['note']} From a risk of {simulation['risk_threshold']:.3f} on people look, and at "
        f"{percent(draft['sample_share'])} of the rest. Simulated over {simulation['decisions']:,} decisions: "
        f"{of(outcome['to_people'])} to people, {of(outcome['error'])} wrong among the rest."
    )


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def of(figure: Json) -> str:
    if figure["value"] is None:
        return "not known how much"
    value, low, high = (100 * figure[name] for name in ("value", "low", "high"))
    return f"{value:.1f} % ({low:.1f} to {high:.1f}, n = {figure['n']:,})"
