"""An agent for the tests that stop a whole process."""

from __future__ import annotations

import os
import time

from agentic_client import Agent, Task

agent = Agent("sleeper", grace=float(os.environ["GRACE"]))


@agent.task("sleep")
def sleep(task: Task) -> dict[str, float]:
    task.progress(0.5, "asleep", checkpoint={"step": 1})
    time.sleep(task.payload["seconds"])
    return {"slept": task.payload["seconds"]}
