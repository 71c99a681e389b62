"""A reviewer who is given whole pages of decisions and knows the true labels; how long each would take is simulated."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

from examples.digits.people import Json, Person
from examples.digits.reviewer import corrected

PAGE = 500
# In seconds, lognormal, a quarter of an hour at most.
MEDIAN_SECONDS, SPREAD, LONGEST = 12.0, 0.5, 900.0


class Desk:
    """`seconds` are what the verdicts would have taken. The platform is told none: it would take them for real work."""

    def __init__(self, reviewer: Person, seed: int) -> None:
        self.reviewer, self.random = reviewer, random.Random(seed)
        self.seconds: list[float] = []

    @property
    def given(self) -> int:
        return len(self.seconds)

    def clear(self, labels: Mapping[str, int]) -> None:
        """A verdict on whatever waits of these tasks; others are left alone."""
        verdicts = [self.verdict(row, labels[row["task_id"]]) for row in self.waiting(labels)]
        for start in range(0, len(verdicts), PAGE):
            page = verdicts[start : start + PAGE]
            results = self.reviewer.post("/decisions/reviews", {"reviews": page})["results"]
            self.seconds += [self.time() for result in results if result["status"] == 200]

    def waiting(self, labels: Mapping[str, int]) -> Iterator[Json]:
        query: Json = {"limit": PAGE}
        while True:
            page = self.reviewer.get("/decisions/reviews", **query)
            yield from (row for row in page["reviews"] if row["task_id"] in labels)
            if page["next"] is None:
                return
            query["cursor"] = page["next"]

    def verdict(self, row: Json, label: int) -> Json:
        decision = {"decision_id": row["id"]}
        if row["proposal"] == {"label": label}:
            return {**decision, "verdict": "approve"}
        return {**decision, **corrected(label)}

    def time(self) -> float:
        return round(min(MEDIAN_SECONDS * self.random.lognormvariate(0, SPREAD), LONGEST), 1)
