"""What schemathesis is told of this platform: ids that are there, and rules that no schema can express."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import schemathesis
from schemathesis.core import NOT_SET
from schemathesis.openapi.checks import RejectedPositiveData

POOL: dict[str, Any] = json.loads(Path(os.environ["FUZZING_POOL"]).read_text())
KEY = re.compile("[ -~]{1,255}")
# By field: what it must fit beside its schema. A 400 that names another field than these is a finding.
BEYOND_THE_SCHEMA = {
    "assigned_agent_id",  # an agent that there is, and that has the required capabilities
    "agent_id",  # likewise, and goes with the scope of a stop
    "task_type",  # goes with the scope of a stop
    "task_id",  # all zeros stand for none
    "training_job_id",
    "feedback_ids",
    "metadata",  # what it may hold depends on the state
    "verdict",  # an override is said of the task
    "proposal",  # goes with an edit
    "reason_code",  # goes with a rejection
    "reason",  # goes with a response
    "artifact_path",  # a label: no address, nothing absolute
    "new_status",  # in the address, in the body, or the same in both
    "sample_share",  # 0 needs a note
    *("rating", "correct", "metric", "value"),  # each goes with its type of feedback
    "decision_id",  # of this task
    "redirect_uri",  # one of those that a setting names
    "decision_type",  # 'result' is what complete hands in
    *("budget", "budget_value", "risk_threshold"),  # each goes with the others
    "trainer",  # one of those that a setting names
    *("format", "sha256"),  # of the bytes that come
}
# Whatever the field: text that nobody can keep, values that are too large, and 5.0 for a whole number.
ODD = ("NUL character", "surrogate", "63 bits", "levels deep", "larger than", "got `float`")


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    for name, value in case.path_parameters.items():
        case.path_parameters[name] = known(pool_for(case, name), value)
    if isinstance(case.body, dict):
        case.body = in_body(case.body, case.path_parameters.get("task_id"))
    if "key_id" in case.path_parameters:
        pair_up(case)
    if "wait" in (case.query or {}) and str(case.query["wait"]).isdigit():
        case.query["wait"] = min(int(case.query["wait"]), 51) // 51 * 51
    if case.path.endswith("/auth/logout"):
        stay(case)
    if case.path.endswith("/worker/claim"):
        hurry(case)
    if KEY.fullmatch(str(case.headers.get("Idempotency-Key", ""))):
        case.headers["Idempotency-Key"] = uuid4().hex


def pool_for(case: Any, name: str) -> list[str]:
    """To an agent only what it holds is there."""
    if name == "task_id" and "/worker/" in case.path:
        return [*POOL["leases"]]
    pool: list[str] = POOL.get(name, [])
    return pool


def known(pool: list[str], value: Any) -> Any:
    """Of most ids one that is there; what is no id stays what it is, and so does one of a few."""
    if not pool or not is_id(value) or UUID(value).int % 8 == 0:
        return value
    return pool[UUID(value).int % len(pool)]


def is_id(value: Any) -> bool:
    try:
        return isinstance(value, str) and str(UUID(value)) == value.lower()
    except ValueError:
        return False


def in_body(body: dict[str, Any], task: Any) -> dict[str, Any]:
    """With ids that are there, and nothing to wait for: whoever waits is tried elsewhere."""
    said = dict(body)
    if "op" in said:
        said["task_id"] = task = known([*POOL["leases"]], said.get("task_id"))
    for name, value in body.items():
        match name:
            case "agent_id" | "assigned_agent_id":
                said[name] = known(POOL["agent_id"], value)
            case "lease_token" if is_id(value) and isinstance(task, str):
                said[name] = POOL["leases"].get(task, value)
            case "wait_seconds" if isinstance(value, int | float) and 0 < value <= 50:
                said[name] = 0.01
            case "operations" if isinstance(value, list):
                said[name] = [in_body(row, "") if isinstance(row, dict) else row for row in value]
    return said


def pair_up(case: Any) -> None:
    """A key goes with its agent."""
    key = case.path_parameters.get("key_id")
    if key in POOL["key_id"]:
        case.path_parameters["agent_id"] = POOL["agent_id"][POOL["key_id"].index(key)]


def hurry(case: Any) -> None:
    """A claim that does not say how long to wait would wait for 25 seconds."""
    if case.body is NOT_SET:
        case.body, case.media_type = {}, "application/json"
    if isinstance(case.body, dict):
        case.body = {"wait_seconds": 0, **case.body}


def stay(case: Any) -> None:
    """Without a refresh token the caller's own sign-in would end, and all calls after it were refused."""
    if not isinstance(case.body, dict):
        case.body, case.media_type = {}, "application/json"
    case.body = {**case.body, "refresh_token": case.body.get("refresh_token") or "nobody"}


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """Here an answer may hold nothing that the document does not name."""
    for shape in raw_schema["components"]["schemas"].values():
        if "properties" in shape:
            shape.setdefault("additionalProperties", False)


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Whether it is one. A refusal by a rule that the schema cannot express is none."""
    if not isinstance(failure, RejectedPositiveData):
        return True
    if response.status_code == 415 and case.path.endswith("/artifact"):
        return False  # which bytes are a model no schema says
    if response.status_code != 400:
        return True
    errors = response.json().get("errors", {})
    named = {field.split(".")[-1].split("[")[0] for field in errors} | {
        field.split(".")[0] for field in errors
    }
    odd = any(word in text for texts in errors.values() for text in texts for word in ODD)
    return not (odd or named & BEYOND_THE_SCHEMA)
