"""A platform with two hundred tasks behind it, and in front one that is hostile in every field that can be filled."""

from __future__ import annotations

import re
import sqlite3
from typing import Any, NamedTuple

import httpx

from tests.e2e.callers import Caller, signed_in
from tests.e2e.embedded import Running
from tests.e2e.processes import PASSWORD

HOSTILE = """<img src=x onerror="document.body.id='ran'"><script>document.body.id='ran'</script> &amp; {{ 7 }} ' " `"""
FORM_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
MODEL = HOSTILE.replace("/", "|")  # names of models are part of an address


class Full(NamedTuple):
    served: Running
    names: dict[str, str]


def hostile(served: Running) -> dict[str, str]:
    """All that people, programs and agents may say; the ids of what has it."""
    rename("ada", served)
    boss = signed_in(served.url)
    able = {"capabilities": ["odd"], "max_concurrent_tasks": 5}
    agent = boss.said("/admin/agents", name=HOSTILE, config={"a": HOSTILE}, **able)
    worker = Caller(served.url, boss.said(f"/admin/agents/{agent['id']}/keys")["key"])
    worker.said("/worker/register", framework=HOSTILE[:100])
    waiting, escalated, rejected = (begun(boss, worker) for _ in range(3))
    boss.said(f"/decisions/task/{escalated['id']}/escalate", reason=HOSTILE)
    for task in (rejected, waiting):
        hand_in(worker, task)
    review, refused = (decision_of(boss, task) for task in (waiting, rejected))
    no = {"verdict": "reject", "reason_code": "wrong", "reason": HOSTILE}
    boss.said(f"/decisions/decision/{refused}/review", **no)
    comment(served, waiting["id"])
    version = {"version": "1", "metrics": {"auc": 0.9, HOSTILE: 0.1}, "artifact_path": "odd"}
    boss.said("/admin/models", name=MODEL, agent_id=agent["id"], **version)
    asked = {"model_name": MODEL, "agent_id": agent["id"], "config": {"a": HOSTILE}}
    job = boss.said("/admin/training-jobs", **asked)["job_id"]
    event = boss.get("/decisions/events", entity_id=waiting["id"])["events"][0]["position"]
    audits = boss.get("/admin/audits", entity_type="agent")["audits"]
    names = {
        "task": waiting["id"], "rejected": rejected["id"], "review": review, "agent": agent["id"], "model": MODEL,
        "job": job, "event": str(event), "audit": str(audits[0]["number"]),
    }  # fmt: skip
    for caller in (boss, worker):
        caller.http.close()
    return names


def rename(name: str, served: Running) -> None:
    """What a provider may say that somebody is called."""
    with sqlite3.connect(served.data / "agentic.sqlite3", timeout=20) as database:
        database.execute("UPDATE users SET first_name = ? WHERE username = ?", [HOSTILE, name])


def begun(boss: Caller, worker: Caller) -> dict[str, Any]:
    """A task that the agent is at."""
    texts = {"title": HOSTILE, "description": HOSTILE, "payload": {HOSTILE: HOSTILE}}
    boss.said("/decisions/task", **texts, required_capabilities=["odd"])
    task: dict[str, Any]
    (task,) = worker.said("/worker/claim", max_tasks=1, wait_seconds=10)["tasks"]
    worker.said(f"/worker/tasks/{task['id']}/ack", start=True, lease_token=task["lease_token"])
    return task


def hand_in(worker: Caller, task: dict[str, Any]) -> None:
    done = {"result": {HOSTILE: [HOSTILE]}, "rationale": HOSTILE, "evidence": {HOSTILE: HOSTILE}}
    token = {"lease_token": task["lease_token"]}
    worker.said(f"/worker/tasks/{task['id']}/complete", confidence=0.1, **done, **token)


def decision_of(boss: Caller, task: dict[str, Any]) -> str:
    rows = boss.get("/decisions/reviews", limit=100)["reviews"]
    (found,) = (row["id"] for row in rows if row["task_id"] == task["id"])
    return str(found)


def comment(served: Running, task_id: str) -> None:
    """By the page, as there is no other way."""
    with httpx.Client(base_url=served.url, follow_redirects=True) as browser:
        token = FORM_TOKEN.findall(browser.get("/sign-in").text)[0]
        said = {"username": "ada", "password": PASSWORD, "csrfmiddlewaretoken": token}
        browser.post("/sign-in", data=said)
        token = FORM_TOKEN.findall(browser.get(f"/tasks/{task_id}").text)[0]
        said = {"text": HOSTILE, "csrfmiddlewaretoken": token}
        assert browser.post(f"/tasks/{task_id}/comment", data=said).is_success
