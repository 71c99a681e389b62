"""A POST that is repeated with its key gets the same answer, and has its effect once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agentic.clean_up import clean_up
from agentic.clock import Now
from agentic.models import KeptAnswer, User
from agentic.routes import Route, api_routes
from agents.models import Agent, AgentKey
from agents.services import revoke_key
from decisions.models import Decision, Task
from tests.conftest import PASSWORD, Api
from tests.decisions.floor import Floor, row

ClientFor = Callable[[User | str | None], Api]
TASK = {"title": "read a digit"}
NOBODY = "01890000-0000-7000-8000-000000000000"
REPLAYED = "Idempotent-Replayed"
KEPT = {200, 201, 400, 404, 409}
# Whose body is looked at before anything is kept.
ASKED_EACH_TIME = {"/api/v1/auth/token"}
POSTS = [route for route in api_routes() if route.method == "POST"]


@pytest.fixture
def boss(client_for: ClientFor, admin: User) -> Api:
    return client_for(admin)


@pytest.fixture
def worker(client_for: ClientFor, agent_key: str) -> Api:
    return client_for(agent_key)


def say(api: Api, path: str, body: Any = None, *, key: str = "k1", **extra: Any) -> Any:
    headers = {**api.headers, "Idempotency-Key": key}
    caller = Api()
    caller.headers = headers
    return caller.post(path, body, **extra)


def expire() -> None:
    """A day has passed for all that is kept."""
    KeptAnswer.objects.update(expires_at=Now() - timedelta(seconds=1))


def test_a_repeated_request_gets_the_same_answer_and_makes_one_task(boss: Api) -> None:
    first, second = say(boss, "/decisions/task", TASK), say(boss, "/decisions/task", TASK)
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert (first.get(REPLAYED), second[REPLAYED]) == (None, "true")
    assert second["Content-Type"] == "application/json"
    assert Task.objects.count() == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/decisions/task", {"title": "another"}),
        ("/decisions/task?again=1", TASK),
        ("/decisions/tasks", {"tasks": [TASK]}),
    ],
)
def test_a_key_that_stands_for_another_request_is_refused(boss: Api, path: str, body: Any) -> None:
    say(boss, "/decisions/task", TASK)
    answer = say(boss, path, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert Task.objects.count() == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "a\x7f", "schlüssel", "a\nb"])
def test_what_is_no_key_is_named(boss: Api, key: str) -> None:
    answer = say(boss, "/decisions/task", TASK, key=key)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["Idempotency-Key"])
    assert not Task.objects.exists()


def test_keys_of_different_callers_have_nothing_to_do_with_each_other(
    client_for: ClientFor, boss: Api, manager: User
) -> None:
    mine, theirs = (
        say(boss, "/decisions/task", TASK),
        say(client_for(manager), "/decisions/task", TASK),
    )
    assert mine.json()["id"] != theirs.json()["id"]
    assert not theirs.has_header(REPLAYED)


def test_a_refusal_that_rests_on_the_state_of_things_is_kept(boss: Api, floor: Floor) -> None:
    task_id, _ = floor.bring_to("verified")
    path = f"/decisions/task/{task_id}/escalate"
    first, second = say(boss, path), say(boss, path)
    assert (first.status_code, second.status_code) == (409, 409)
    assert second["Content-Type"] == "application/problem+json"
    assert (first.content, second[REPLAYED]) == (second.content, "true")


def test_the_effect_of_a_refused_request_is_undone(boss: Api) -> None:
    body = {"tasks": [TASK, {"title": "x", "assigned_agent_id": NOBODY}]}
    assert say(boss, "/decisions/tasks", body).status_code == 400
    assert not Task.objects.exists()
    assert say(boss, "/decisions/tasks", body)[REPLAYED] == "true"


def test_a_refusal_of_the_caller_is_asked_anew(
    boss: Api, client_for: ClientFor, viewer: User
) -> None:
    api = client_for(viewer)
    assert say(api, "/decisions/task", TASK).status_code == 403
    assert say(boss, "/decisions/task", TASK, content_type="text/plain").status_code == 415
    assert say(Api("nonsense"), "/decisions/task", TASK).status_code == 401
    assert not KeptAnswer.objects.exists()


def test_an_accident_keeps_nothing_and_undoes_all(
    boss: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("decisions.views.tasks.selectors.get_task", lambda task_id: 1 / 0)
        assert say(boss, "/decisions/task", TASK).status_code == 500
    assert not Task.objects.exists()
    assert not KeptAnswer.objects.exists()
    assert say(boss, "/decisions/task", TASK).status_code == 201


def test_a_role_that_was_taken_away_is_missed_before_the_answer_is_repeated(
    boss: Api, admin: User
) -> None:
    say(boss, "/decisions/task", TASK)
    admin.groups.clear()
    assert say(boss, "/decisions/task", TASK).status_code == 403


def test_a_revoked_key_gets_no_answer_again(floor: Floor, worker: Api) -> None:
    floor.queue()
    asked = {"wait_seconds": 0}
    assert len(say(worker, "/worker/claim", asked).json()["tasks"]) == 1
    revoke_key(
        actor=floor.operator,
        agent_id=floor.agent.pk,
        key_id=AgentKey.objects.values("pk").get()["pk"],
    )
    assert say(worker, "/worker/claim", asked).status_code == 401


def test_after_a_day_the_request_is_carried_out_anew(boss: Api) -> None:
    first = say(boss, "/decisions/tasks", {"tasks": [TASK]})
    expire()
    second = say(boss, "/decisions/tasks", {"tasks": [TASK]})
    assert not second.has_header(REPLAYED)
    assert first.json()["tasks"][0]["id"] != second.json()["tasks"][0]["id"]
    assert say(boss, "/decisions/tasks", {"tasks": [TASK]}).content == second.content


def test_after_a_day_a_key_still_makes_no_second_task(boss: Api) -> None:
    task_id = say(boss, "/decisions/task", TASK, key="k" * 255).json()["id"]
    expire()
    answer = say(boss, "/decisions/task", {"title": "another"}, key="k" * 255)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_used")
    assert answer.json()["task_id"] == task_id
    assert task_id in answer.json()["detail"]
    assert Task.objects.count() == 1


def test_what_has_expired_is_forgotten(boss: Api) -> None:
    say(boss, "/decisions/task", TASK, key="old")
    expire()
    say(boss, "/decisions/task", TASK, key="new")
    assert clean_up() == 1
    assert list(KeptAnswer.objects.values_list("key", flat=True)) == ["new"]


def test_a_kept_secret_is_given_again_and_lies_nowhere_in_the_open(boss: Api, agent: Agent) -> None:
    path = f"/admin/agents/{agent.pk}/keys"
    first, second = say(boss, path), say(boss, path)
    assert first.json()["key"] == second.json()["key"]
    assert second["Cache-Control"] == "no-store"
    kept = KeptAnswer.objects.get()
    assert first.json()["key"].encode() not in bytes(kept.body)
    assert AgentKey.objects.filter(agent=agent).count() == 1


def test_a_password_cannot_be_guessed_from_what_is_kept(admin: User, settings: Any) -> None:
    body = {"username": "ada", "password": PASSWORD}
    first, second = say(Api(), "/auth/token", body), say(Api(), "/auth/token", body)
    assert (first.content, second[REPLAYED]) == (second.content, "true")
    digests = KeptAnswer.objects.values("caller", "request_sha256").get()
    settings.SECRET_KEY = "another secret key of the same length or so"
    assert not say(Api(), "/auth/token", body).has_header(REPLAYED)
    assert digests not in KeptAnswer.objects.exclude(**digests).values("caller", "request_sha256")


def test_a_wrong_password_is_counted_each_time(admin: User, settings: Any) -> None:
    settings.SIGN_IN_FAILURES_PER_ACCOUNT = 2
    wrong = {"username": "ada", "password": "wrong"}
    statuses = [say(Api(), "/auth/token", wrong).status_code for _ in range(3)]
    assert statuses == [401, 401, 429]
    right = {"username": "ada", "password": PASSWORD}
    assert say(Api(), "/auth/token", right).status_code == 429
    assert not KeptAnswer.objects.exists()


def test_a_repeated_sign_in_takes_the_right_password_each_time(admin: User) -> None:
    body = {"username": "ada", "password": PASSWORD}
    assert say(Api(), "/auth/token", body).status_code == 200
    admin.set_password("another passphrase")
    admin.save()
    assert say(Api(), "/auth/token", body).status_code == 401


def test_an_answer_that_only_says_to_wait_is_not_kept(floor: Floor, worker: Api) -> None:
    asked = {"wait_seconds": 20}
    first = say(worker, "/worker/claim", asked)
    assert (first.json(), first.has_header("X-Wait-Topic")) == ({"tasks": []}, True)
    task_id = floor.queue()
    second = say(worker, "/worker/claim", asked)
    assert [task["id"] for task in second.json()["tasks"]] == [str(task_id)]
    assert say(worker, "/worker/claim", asked).content == second.content


def test_a_batch_is_carried_out_once(floor: Floor, worker: Api) -> None:
    task_id, token = floor.working()
    lease = {"task_id": str(task_id), "lease_token": str(token)}
    proposal = {"op": "propose", "proposal": {}, **lease}
    asked = {"operations": [proposal, {"op": "release", **lease}, {"op": "ack", **lease}]}
    first, second = say(worker, "/worker/batch", asked), say(worker, "/worker/batch", asked)
    assert [result["status"] for result in first.json()["results"]] == [200, 200, 409]
    assert (first.content, second[REPLAYED]) == (second.content, "true")
    assert Decision.objects.filter(task=task_id).count() == 1


def test_a_call_with_a_key_is_a_sign_of_life(floor: Floor, worker: Api) -> None:
    Agent.objects.filter(pk=floor.agent.pk).update(last_seen_at=None)
    say(worker, "/worker/claim", {"wait_seconds": 0})
    agent = Agent.objects.get(pk=floor.agent.pk)
    assert (agent.status, agent.last_seen_at is not None) == ("available", True)
    say(worker, "/worker/sign-off", {}, key="k2")
    assert Agent.objects.get(pk=floor.agent.pk).status == "offline"


def test_without_a_key_nothing_is_asked_and_nothing_kept(boss: Api) -> None:
    with CaptureQueriesContext(connection) as without:
        boss.post("/decisions/task", TASK)
    with CaptureQueriesContext(connection) as with_key:
        say(boss, "/decisions/task", TASK)
    assert not [query for query in without if "kept_answers" in query["sql"]]
    assert [query for query in with_key if "kept_answers" in query["sql"]]
    assert not KeptAnswer.objects.exclude(key="k1").exists()


def caller_for(route: Route, boss: Api, worker: Api) -> Api:
    if route.path.startswith("/api/v1/worker/"):
        return worker
    return boss if route.rule else Api()


def address(route: Route) -> str:
    parts = route.path.removeprefix("/api/v1").split("/")
    return "/".join(NOBODY if part.startswith("<") else part for part in parts)


@pytest.mark.parametrize("route", POSTS, ids=lambda route: route.path)
def test_every_post_looks_at_the_header(route: Route, boss: Api, worker: Api) -> None:
    api = caller_for(route, boss, worker)
    answer = say(api, address(route), {}, key="x" * 256)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["Idempotency-Key"])


@pytest.mark.parametrize("route", POSTS, ids=lambda route: route.path)
def test_every_post_repeats_what_it_has_answered(route: Route, boss: Api, worker: Api) -> None:
    api = caller_for(route, boss, worker)
    first, second = say(api, address(route), {}), say(api, address(route), {})
    assert first.content == second.content
    is_kept = first.status_code in KEPT and not first.has_header("X-Wait-Topic")
    if is_kept and route.path not in ASKED_EACH_TIME:
        assert second[REPLAYED] == "true"


def test_the_key_of_a_task_is_its_creators(boss: Api) -> None:
    task_id = say(boss, "/decisions/task", TASK).json()["id"]
    assert row(task_id).idempotency_key == "k1"
