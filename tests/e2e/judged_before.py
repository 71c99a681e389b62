"""Decisions that people judged in the days before: rows of the database of a platform that runs.

python -m tests.e2e.judged_before NUMBER
"""

from __future__ import annotations

import random
import sys
from datetime import UTC, datetime, timedelta

import django

django.setup()

from django.db import transaction  # noqa: E402

from agentic.models import User  # noqa: E402
from agents.models import Agent  # noqa: E402
from tests.decisions.judged import BEGAN, judge  # noqa: E402

# An agent that knows when it is wrong.
DOUBTFUL, WRONG_IN_DOUBT, WRONG_ELSE = 0.6, 0.7, 0.04


def main(number: int) -> None:
    """One every few minutes, all of them seen by one reviewer."""
    chance = random.Random(1)
    agent, reviewer = Agent.objects.get(name="before"), User.objects.get(username="rita")
    first = (datetime.now(UTC) - timedelta(days=2) - BEGAN) / timedelta(minutes=1)
    with transaction.atomic():
        for place in range(number):
            confidence = round(chance.uniform(0.3, 0.99), 3)
            is_wrong = chance.random() < (WRONG_IN_DOUBT if confidence < DOUBTFUL else WRONG_ELSE)
            said = "reject" if is_wrong else "approve"
            judge(agent, reviewer, minute=first + 4 * place, confidence=confidence, verdict=said)


if __name__ == "__main__":
    main(int(sys.argv[1]))
