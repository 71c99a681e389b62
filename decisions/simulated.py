"""What a simulation of the review policy says: kept in the draft as JSON, and answered by the API as it is."""

from __future__ import annotations

from agentic.answers import Answer, Count, Moment, Share


class Figure(Answer):
    """With its 95 % interval, and how many it rests on. Without any, `value` is null, and all is possible."""

    value: float | None
    low: float
    high: float
    n: Count


class Outcome(Answer):
    """What a policy makes of the past decisions: so many asked about, drawn for the audit sample, and never seen.

    `drawn` and `unseen` are expected numbers. Of those that it would let pass, so many are known to be `right` and
    `wrong`, by a verdict or by an outcome that was told; `pending` still wait for a person, `no_verdict` went to people
    who have not said whether they are right, and `never_seen` to nobody. `error` is the estimated share of wrong ones
    among them, by verdicts alone; `hours` of work, and `hours_saved` against looking at everything, need the times of
    reviews.
    """

    to_people: Figure
    asked: Count
    drawn: float
    unseen: float
    error: Figure
    right: Count
    wrong: Count
    no_verdict: Count
    pending: Count
    never_seen: Count
    hours: Figure | None
    hours_saved: Figure | None


class Point(Answer):
    """What would be, if people looked from this predicted risk on."""

    threshold: Share
    to_people: Share
    error: Share | None
    low: Share
    high: Share
    n: Count


class Simulation(Answer):
    """Of a draft, over the newest decisions: all since `since`. `found` says that the risk threshold was found for the
    budget; `problem` says why there is none, and then the draft cannot be published. `scored` of the decisions have a
    predicted risk, of `model_version` or as it was kept with them. `active` is the version that was active then, and by
    `calibration_version` confidences were worth what they were.
    """

    decisions: Count
    since: Moment
    until: Moment
    model_version: str
    scored: Count
    risk_threshold: Share | None
    found: bool
    problem: str
    seconds_per_review: Figure
    draft: Outcome | None
    active: Outcome
    hours_saved: Figure | None
    curve: list[Point]
    warnings: list[str]
    calibration_version: str = ""
    active_version: Count | None = None
