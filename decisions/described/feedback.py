"""The calls about feedback, as the API's document has them."""

from __future__ import annotations

from uuid import UUID

from agentic.operations import Operation, Query, limit
from agents.described import MORNING
from decisions import answers, shapes
from decisions.described.reviews import DECISION_ID
from decisions.described.tasks import TASK_ID

FEEDBACK_ID = "019a0e65-1f2b-7c3d-8e4f-5a6b7c8d9e0f"
RATING = {"feedback_type": "user_rating", "rating": 4, "comment": "right, and late"}

GIVE_FEEDBACK = Operation(
    summary="Tell how a task turned out",
    about="`user_rating` takes a `rating` from 1 to 5, `outcome_result` whether it was `correct`, "
    "`performance_metric` a `metric` by name with its `value`; with a `decision_id` it is about that decision. Agents "
    "read what is said of their work.",
    body=shapes.FeedbackRequest,
    example=RATING,
    answer=answers.FeedbackGiven,
    answered={"status": "recorded", "feedback_id": FEEDBACK_ID, "task_id": TASK_ID},
    status=201,
)
READ_FEEDBACK = Operation(
    summary="Read what was said of one's work",
    about="Verdicts of people, ratings and outcomes, the oldest first.",
    query=(
        Query(
            name="after",
            type=UUID,
            about="The `next` of the page before, or the last id that was read.",
        ),
        limit(50, 500),
    ),
    answer=answers.ExamplePage,
    answered={
        "feedback": [
            {
                "id": FEEDBACK_ID,
                "task_id": TASK_ID,
                "decision_id": DECISION_ID,
                "feedback_type": "user_rating",
                "content": {"rating": 4, "comment": "right, and late"},
                "created_at": MORNING,
            }
        ],
        "next": None,
    },
)
