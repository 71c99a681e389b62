"""Requests with one key at once, in real transactions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from agentic import live
from agentic.models import KeptAnswer, User
from decisions.models import Task
from tests.conftest import Api
from tests.decisions.floor import Floor
from tests.decisions.threads import at_once, uncommitted

ClientFor = Callable[[User | str | None], Api]
TASK = {"title": "read a digit"}

pytestmark = pytest.mark.django_db(transaction=True)
WAITS_FOR_NOBODY = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has one writer at a time"
)


@pytest.fixture
def post(client_for: ClientFor, admin: User) -> Callable[..., Any]:
    headers = {**client_for(admin).headers, "Idempotency-Key": "k"}

    def call(path: str, body: Any, headers: dict[str, str] = headers) -> Any:
        return Client().post(
            f"/api/v1{path}", body, headers=headers, content_type="application/json"
        )

    return call


def test_of_twenty_at_once_one_makes_the_task(post: Callable[..., Any]) -> None:
    answers = at_once(*[partial(post, "/decisions/task", TASK)] * 20)
    created = [answer for answer in answers if answer.status_code == 201]
    others = [answer for answer in answers if answer.status_code != 201]
    assert {answer.content for answer in created} == {created[0].content}
    assert {(other.status_code, other.json()["code"]) for other in others} <= {
        (409, "idempotency_in_flight")
    }
    assert (Task.objects.count(), KeptAnswer.objects.count()) == (1, 1)
    assert post("/decisions/task", TASK).content == created[0].content


@WAITS_FOR_NOBODY
def test_while_one_is_under_way_the_next_is_told_so_at_once(post: Callable[..., Any]) -> None:
    with uncommitted(partial(post, "/decisions/task", TASK)):
        answer = post("/decisions/task", TASK)
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_in_flight")
        assert answer["Retry-After"] == "1"
        assert post("/decisions/task?x=1", TASK).status_code == 409
    assert post("/decisions/task", TASK)["Idempotent-Replayed"] == "true"


@WAITS_FOR_NOBODY
def test_a_request_that_was_undone_leaves_its_key_free(post: Callable[..., Any]) -> None:
    with transaction.atomic():
        post("/decisions/task", TASK)
        transaction.set_rollback(True)
    assert not post("/decisions/task", TASK).has_header("Idempotent-Replayed")
    assert Task.objects.count() == 1


def test_what_follows_the_commit_happens_once(
    post: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[int] = []
    monkeypatch.setattr(live, "publish", lambda position, topics: published.append(position))
    post("/decisions/task", TASK)
    post("/decisions/task", TASK)
    assert len(published) == 1


@WAITS_FOR_NOBODY
def test_two_agents_that_delegate_to_each_other_do_not_block_each_other(
    floor: Floor, post: Callable[..., Any]
) -> None:
    """Each holds its own row by its sign of life, and wants the other's to give it work."""
    one, other = floor.hire("one", "a"), floor.hire("other", "b")
    for _ in range(5):
        calls = [delegation(me, them, post) for me, them in ((one, other), (other, one))]
        assert [answer.status_code for answer in at_once(*calls)] == [200, 200]


def delegation(me: Floor, them: Floor, post: Callable[..., Any]) -> Callable[[], Any]:
    task_id, token = me.working(assigned_agent_id=me.agent.pk)
    body = {
        "lease_token": str(token),
        "title": "a part",
        "agent_id": str(them.agent.pk),
        "wait_seconds": 5,
    }
    headers = {"Authorization": f"Bearer {me.key}", "Idempotency-Key": f"delegate {task_id}"}
    return partial(post, f"/worker/tasks/{task_id}/delegate", body, headers)
