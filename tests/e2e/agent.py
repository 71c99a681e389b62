"""An agent as a process of its own, so that it can be killed or stopped: `agent.py ADDRESS KEY MODE`.

`works` claims, acks, works for `payload.seconds` and completes; `dozes` claims and never acks; `stalls` sends no
heartbeats. What happens is printed, a line each.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import httpx

BEAT = 0.3


def main(address: str, key: str, mode: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=f"{address}/api/v1/worker", headers=headers, timeout=30) as http:
        while True:
            for task in claimed(http):
                say("claimed", task["id"], task["attempt"])
                if mode != "dozes":
                    work(http, task)
            time.sleep(0.1)


def claimed(http: httpx.Client) -> list[dict[str, Any]]:
    try:
        answer = http.post("/claim", json={"wait_seconds": 0, "max_tasks": 1})
    except httpx.TransportError:
        return []
    tasks: list[dict[str, Any]] = answer.json()["tasks"] if answer.status_code == 200 else []
    return tasks


def work(http: httpx.Client, task: dict[str, Any]) -> None:
    path, token = f"/tasks/{task['id']}", {"lease_token": task["lease_token"]}
    http.post(f"{path}/ack", json={**token, "start": True})
    say("started", task["id"], task["attempt"])
    end = time.monotonic() + task["payload"].get("seconds", 0)
    while (left := end - time.monotonic()) > 0:
        http.post(f"{path}/heartbeat", json={**token, "progress": 0.5})
        time.sleep(min(left, BEAT))
    answer = http.post(
        f"{path}/complete", json={**token, "result": {"attempt": task["attempt"]}, "confidence": 1}
    )
    say("completed", answer.status_code, answer.json().get("code", ""))


def say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201 - what the test listens to


if __name__ == "__main__":
    main(*sys.argv[1:])
