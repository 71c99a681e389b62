"""The reviewer of the demo. It knows the true labels, which no reviewer in earnest does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from examples.digits.people import Json, Person, Refused
from examples.digits.stories import Event, Story, task_of

CONFLICT = 409
MOST_AT_ONCE = 500
REASON = "the true label, as the data set has it"


class Reviewer:
    """Approves what is right and corrects what is wrong; an escalated task gets one more chance, then its answer."""

    def __init__(self, reviewer: Person, manager: Person, labels: Mapping[str, int]) -> None:
        self.reviewer, self.manager, self.labels = reviewer, manager, labels

    def act(self, news: Iterable[Event], stories: Mapping[str, Story]) -> None:
        news = list(news)
        self.review([event for event in news if event["event_type"] == "decision.proposed"])
        for event in news:
            if event["event_type"] == "task.escalated" and event["data"]["level"] == 1:
                self.settle(task_of(event), stories[task_of(event)])

    def review(self, proposed: list[Event]) -> None:
        for start in range(0, len(proposed), MOST_AT_ONCE):
            verdicts = [self.verdict(event) for event in proposed[start : start + MOST_AT_ONCE]]
            self.reviewer.post("/decisions/reviews", {"reviews": verdicts})

    def verdict(self, event: Event) -> Json:
        task_id, decision = task_of(event), {"decision_id": event["entity_id"]}
        label = self.labels[task_id]
        said = self.reviewer.get(f"/decisions/task/{task_id}")["result"]
        if said == {"label": label}:
            return {**decision, "verdict": "approve"}
        return {**decision, **corrected(label)}

    def settle(self, task_id: str, story: Story) -> None:
        if len(story.all("task.escalated")) == 1:
            self.unless_moved(
                lambda: self.manager.patch(f"/decisions/task/{task_id}/state", {"state": "queued"})
            )
            return
        said = {"reason": REASON, "new_decision": {"label": self.labels[task_id]}}
        self.unless_moved(lambda: self.reviewer.post(f"/decisions/task/{task_id}/override", said))

    def unless_moved(self, step: Any) -> None:
        """Somebody else may have decided in the same moment: that is as good."""
        try:
            step()
        except Refused as error:
            if error.status != CONFLICT:
                raise


def corrected(label: int) -> Json:
    return {
        "verdict": "edit",
        "proposal": {"label": label},
        "reason_code": "wrong",
        "reason": REASON,
    }
