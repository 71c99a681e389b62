"""From verdicts to models and a policy that decide: trained, activated and published by people, over HTTP.

Whatever decides takes two of them: the manager asks, the admin agrees.
"""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from examples.digits.people import Json, Person, Refused

LOOK_EVERY = 0.3
TRAINING_SECONDS = 300
# So long a process may take to see that another version is live.
SEEN_AFTER = 20
# Of the trainer's log: what it found, and what it made.
LINES = 2
GATE = "gate_not_passed"


class NotTrained(Exception):
    """The job did not end with a version; the message says why."""


class Deciders:
    """`published` are the versions of the policy that they made active, `gone_live` the models, by name."""

    def __init__(self, manager: Person, admin: Person, console: Console) -> None:
        self.manager, self.admin, self.console = manager, admin, console
        self.published: list[int] = []
        self.gone_live: list[str] = []

    def train(self, name: str) -> Json:
        """The version that the platform's own trainer makes of what people have said."""
        job = self.manager.post("/admin/training-jobs", {"model_name": name})["job_id"]
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console) as bar:
            shown, until = bar.add_task(name, total=1.0), time.monotonic() + TRAINING_SECONDS
            while not (told := self.manager.get(f"/admin/training-jobs/{job}"))["finished_at"]:
                if time.monotonic() > until:
                    raise NotTrained(f"The training of {name} has not ended: is there a trainer?")
                bar.update(shown, completed=told["progress"])
                time.sleep(LOOK_EVERY)
            bar.update(shown, completed=told["progress"])
        if not told["models"]:
            raise NotTrained(f"The training of {name} {told['status']}: {told['error']}")
        for said in told["log"].splitlines()[-LINES:]:
            self.console.print(f"  {said}")
        return self.manager.get(f"/admin/models/{told['models'][0]}")

    def activate(self, model: Json) -> str:
        """The version that is live then: this one, or the one that was, where it does not pass its gate."""
        name = f"{model['name']} {model['version']}"
        try:
            asked = self.manager.post(f"/admin/models/{model['id']}/activate", {})
        except Refused as error:
            live = self.live_version(model["name"])
            if error.problem.get("code") != GATE or live is None:
                raise
            self.console.print(f"  {error.problem['detail']} Version {live} stays live.")
            return live
        if asked["status"] == "requested":
            self.admin.post(f"/admin/activation-requests/{asked['request_id']}/approve", {})
        self.gone_live.append(model["name"])
        self.console.print(
            f"  {name} is live: asked for by {self.manager.name}, agreed to by {self.admin.name}."
        )
        self.console.print(f"  Its gate: {gate_of(asked)}.")
        return str(model["version"])

    def live_version(self, name: str) -> str | None:
        live = self.manager.get("/admin/models/live", name=name)["models"]
        return live[0]["version"] if live else None

    def active_policy(self) -> Json:
        return self.manager.get("/admin/policy")

    def draft(self, changes: Json, note: str) -> Json:
        """A draft that says what is active, with these changes, and what a simulation makes of it."""
        known = ("threshold", "task_types", "priorities", "sample_share", "review_seconds")
        active = self.active_policy()
        rules = {name: active[name] for name in known} | changes | {"note": note}
        return self.simulated(self.manager.post("/admin/policy-drafts", rules))

    def simulated(self, draft: Json) -> Json:
        return self.manager.post(f"/admin/policy-drafts/{draft['id']}/simulate", {})

    def simulated_with(self, draft: Json, version: str) -> Json:
        """By this version of the risk model, which every process soon sees."""
        until = time.monotonic() + SEEN_AFTER
        while draft["simulation"]["model_version"] != version and time.monotonic() < until:
            time.sleep(LOOK_EVERY)
            draft = self.simulated(draft)
        return draft

    def put_aside(self, draft: Json) -> None:
        self.manager.post(f"/admin/policy-drafts/{draft['id']}/close", {})

    def publish(self, draft: Json) -> int:
        """The number of the version that is active from now on."""
        seen = {"simulated_at": draft["simulated_at"]}
        made = self.admin.post(f"/admin/policy-drafts/{draft['id']}/publish", seen)
        self.published.append(made["version"])
        return self.published[-1]


def gate_of(asked: Json) -> str:
    return "; ".join(line["text"] for line in asked.get("gate", [])) or "nothing is asked"
