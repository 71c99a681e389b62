"""What happened, as tables: read off the events alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Group
from rich.table import Table

from examples.digits.figures import median_and_p95, share_of
from examples.digits.stories import Story

RETRY_REASONS = {
    "ack_missed": "ack missed",
    "lease_lost": "lease lost",
    "failed": "failed",
    "agent_offline": "agent offline",
}
VERDICTS = {
    "decision.approved": "approved",
    "decision.edited": "edited",
    "decision.rejected": "rejected",
    "decision.responded": "responded",
    "task.overridden": "overridden",
}
ROUTES = {
    "auto": "accepted by the policy alone",
    "sample": "drawn as a sample for a person",
    "person": "sent to a person by the policy",
}
STAGES = {
    "wait for an agent": ("task.created", "task.assigned"),
    "assigned until acked": ("task.assigned", "task.acked"),
    "work": ("task.started", "task.completed"),
    "wait for the reviewer": ("decision.proposed", *VERDICTS),
    "wait for a person, escalated": ("task.escalated", "task.requeued", "task.overridden"),
    "from created to verified": ("task.created", "task.verified", "task.overridden"),
}


def report(stories: Collection[Story], right: Mapping[str, bool]) -> Group:
    """All tables. `right` says, by decision id, whether a result that nobody reviewed was true."""
    return Group(what_happened(stories), how_long(stories), how_good(stories, right))


def what_happened(stories: Collection[Story]) -> Table:
    table = Table("what happened", "", title="Tasks")
    table.add_row("tasks", counted(story.state for story in stories))
    table.add_row("attempts", str(total(stories, "task.assigned")))
    table.add_row("retries by reason", counted(retries(stories)))
    table.add_row("released by an agent", str(total(stories, "task.released")))
    table.add_row("escalations", str(total(stories, "task.escalated")))
    table.add_row("requeued by a person", str(total(stories, "task.requeued")))
    table.add_row("results", counted(ROUTES[e["data"]["route"]] for e in completions(stories)))
    table.add_row("verdicts of people", counted(verdicts(stories)))
    table.add_row("right in the sample", sample(stories))
    return table


def how_long(stories: Collection[Story]) -> Table:
    table = Table("stage", "median", "95th percentile", "n", title="Time")
    for stage, (begin, *ends) in STAGES.items():
        spans = [span for story in stories for span in story.spans(begin, *ends)]
        table.add_row(stage, *median_and_p95(spans), str(len(spans)))
    return table


def how_good(stories: Collection[Story], right: Mapping[str, bool]) -> Table:
    """What was reviewed and what never was stand apart: who was not asked was not right for that."""
    title = "Results by agent: what people saw, and what they did not (95 % intervals)"
    table = Table("agent", "reviewed", title=title)
    table.add_column("right", no_wrap=True)
    table.add_column("never reviewed")
    table.add_column("truly right", no_wrap=True)
    for name, tally in sorted(tallies(stories, right).items()):
        seen, unseen = tally.reviewed, tally.unreviewed
        table.add_row(
            name,
            str(seen.n),
            share_of(seen.right, seen.n),
            str(unseen.n),
            share_of(unseen.right, unseen.n),
        )
    return table


@dataclass
class Score:
    right: int = 0
    n: int = 0

    def add(self, right: bool) -> None:
        self.right += right
        self.n += 1


@dataclass
class Tally:
    """The results of one agent: those that a person saw, and those that the policy accepted alone."""

    reviewed: Score = field(default_factory=Score)
    unreviewed: Score = field(default_factory=Score)


def tallies(stories: Collection[Story], right: Mapping[str, bool]) -> dict[str, Tally]:
    names, approved = agent_names(stories), verdict_on_each(stories)
    found = {name: Tally() for name in names.values()}
    for event in completions(stories):
        tally = found[names[event["data"]["agent_id"]]]
        decision = event["data"]["decision_id"]
        if decision in approved:
            tally.reviewed.add(approved[decision])
        elif decision in right:
            tally.unreviewed.add(right[decision])
    return found


def sample(stories: Collection[Story]) -> str:
    """How often the results were right that would have passed, and were looked at all the same."""
    approved = verdict_on_each(stories)
    drawn = [event["data"] for event in completions(stories) if event["data"]["route"] == "sample"]
    seen = [data["decision_id"] for data in drawn if data["decision_id"] in approved]
    return f"{len(seen)}: {share_of(sum(approved[pk] for pk in seen), len(seen))} right"


def agent_names(stories: Iterable[Story]) -> dict[str, str]:
    assigned = (event["data"] for story in stories for event in story.all("task.assigned"))
    return {data["agent_id"]: data["agent"] for data in assigned}


def verdict_on_each(stories: Iterable[Story]) -> dict[str, bool]:
    """The decisions that a person decided, and whether they were approved as they stood."""
    return {
        event["entity_id"]: event["event_type"] == "decision.approved"
        for story in stories
        for event in story.all(*VERDICTS)
        if event["entity_type"] == "decision"
    }


def verdicts(stories: Iterable[Story]) -> Iterator[str]:
    for story in stories:
        yield from (VERDICTS[event["event_type"]] for event in story.all(*VERDICTS))


def completions(stories: Iterable[Story]) -> list[dict[str, Any]]:
    return [event for story in stories for event in story.all("task.completed")]


def retries(stories: Iterable[Story]) -> Iterator[str]:
    for story in stories:
        for event in story.all("task.retried"):
            yield RETRY_REASONS.get(event["data"]["outcome"], event["data"]["outcome"])
        yield from ("rejected by a person" for _ in story.all("task.rejected"))


def total(stories: Iterable[Story], kind: str) -> int:
    return sum(len(story.all(kind)) for story in stories)


def counted(words: Iterable[str]) -> str:
    counts = Counter(words)
    if not counts:
        return "0"
    by_word = ", ".join(f"{n} {word}" for word, n in counts.most_common())
    return by_word if len(counts) == 1 else f"{counts.total()}: {by_word}"
