"""Things to speak of: ids that are there, so that generated calls get further than 404."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.e2e.callers import Caller

CALM = {"ack_timeout": 3600, "lease_seconds": 3600}
# So that a call that ends one leaves others to speak of.
QUEUED, HELD, PROPOSED, AT_ONCE = 80, 200, 40, 100


class Seeds:
    """Made by an admin and one agent of their own; `pool` goes to whoever generates the calls."""

    def __init__(self, boss: Caller, agent: Caller) -> None:
        self.boss, self.agent = boss, agent

    def pool(self) -> dict[str, Any]:
        leases = self.leases()
        agents = [self.boss.said("/admin/agents", name=f"spare-{n}")["id"] for n in range(8)]
        return {
            "task_id": self.tasks(),
            "decision_id": self.decisions(leases),
            "agent_id": agents,
            "key_id": [self.key_of(agent) for agent in agents],
            "model_id": [self.model(agents[0]) for _ in range(4)],
            "stop_id": [self.stop() for _ in range(6)],
            "leases": leases,
        }

    def tasks(self) -> list[str]:
        """Nobody can do these: they stay in the queue."""
        asked = {"title": "queued", "required_capabilities": ["nobody"], **CALM}
        made = self.boss.said("/decisions/tasks", tasks=[asked] * QUEUED)["tasks"]
        return [task["id"] for task in made]

    def leases(self) -> dict[str, str]:
        """Tasks that the agent works on, with their lease tokens."""
        asked = {"title": "held", "required_capabilities": [self.agent.name], **CALM}
        self.boss.said("/decisions/tasks", tasks=[asked] * HELD)
        leases: dict[str, str] = {}
        for _ in range(HELD // AT_ONCE):
            found = self.agent.said("/worker/claim", wait_seconds=0, max_tasks=AT_ONCE)["tasks"]
            acks = [
                {
                    "op": "ack",
                    "task_id": task["id"],
                    "lease_token": task["lease_token"],
                    "start": True,
                }
                for task in found
            ]
            self.agent.said("/worker/batch", operations=acks)
            leases |= {task["id"]: task["lease_token"] for task in found}
        return leases

    def decisions(self, leases: dict[str, str]) -> list[str]:
        asked = [
            self.agent.said(f"/worker/tasks/{task}/propose", lease_token=token, proposal={"pay": 5})
            for task, token in [*leases.items()][:PROPOSED]
        ]
        return [decision["decision_id"] for decision in asked]

    def key_of(self, agent: str) -> str:
        key: str = self.boss.said(f"/admin/agents/{agent}/keys")["key_id"]
        return key

    def model(self, agent: str) -> str:
        asked = {"name": "risk", "version": uuid4().hex, "agent_id": agent}
        model: str = self.boss.said("/admin/models", **asked)["id"]
        return model

    def stop(self) -> str:
        asked = {"scope": "task_type", "task_type": f"never-{uuid4().hex}", "reason": "a test"}
        stop: str = self.boss.said("/admin/stops", **asked)["id"]
        return stop
