"""How a digit becomes a task."""

from __future__ import annotations

from typing import Any

from examples.digits.data import Digit

TASK_TYPE = "digit"
CAPABILITY = "digits"
# Short, in seconds, so that what goes wrong shows within moments.
ACK_TIMEOUT = 3
LEASE = 5
RETRIES = 2
CALM_ACK_TIMEOUT, CALM_LEASE = 60, 60
# One image in so many arrives with its lower half missing: no agent can read it, and a person has to.
TORN_EVERY, FIRST_TORN = 75, 20
ROWS_LEFT = 4


def task_of(digit: Digit, number: int) -> dict[str, Any]:
    """The body of the `number`-th task, to be posted."""
    torn = number % TORN_EVERY == FIRST_TORN
    return {
        "title": f"Which digit is image {digit.index}?",
        "task_type": TASK_TYPE,
        "priority": "high" if number % 10 == 0 else "medium",
        "payload": {
            "image": digit.image[:ROWS_LEFT] if torn else digit.image,
            "index": digit.index,
        },
        "required_capabilities": [CAPABILITY],
        "ack_timeout": ACK_TIMEOUT,
        "lease_seconds": LEASE,
        "max_retries": RETRIES,
    }


def calm_task_of(digit: Digit, agent_id: str) -> dict[str, Any]:
    """The whole image, for this very agent, with time enough however busy the machine is."""
    return {
        "title": f"Which digit is image {digit.index}?",
        "task_type": TASK_TYPE,
        "payload": {"image": digit.image, "index": digit.index},
        "required_capabilities": [CAPABILITY],
        "assigned_agent_id": agent_id,
        "ack_timeout": CALM_ACK_TIMEOUT,
        "lease_seconds": CALM_LEASE,
    }
