"""A webhook in earnest: beat, a worker, a receiver on the network; and the worker is killed while it sends."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import httpx
import pytest
from standardwebhooks import Webhook

from tests.e2e.callers import Caller
from tests.e2e.processes import PASSWORD, Platform, until
from tests.oversight.receivers import Answering, Receiver, serving


class Holding(Receiver):
    """Takes a message, and keeps whoever sent it waiting until it may answer."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = threading.Event()

    def finish_request(self, request: object, client_address: object) -> None:
        self.RequestHandlerClass = HoldingBack
        super().finish_request(request, client_address)  # type: ignore[arg-type]


class HoldingBack(Answering):
    server: Holding

    def send_response(self, code: int, message: str | None = None) -> None:
        self.server.may_answer.wait(4)
        super().send_response(code, message)


@pytest.fixture
def receiver() -> Iterator[Holding]:
    receiver = Holding()
    with serving(receiver):
        yield receiver


class Person:
    """Somebody in a browser, on pages that htmx fetches."""

    def __init__(self, browser: httpx.Client) -> None:
        self.browser = browser
        browser.get("/sign-in")

    def post(self, path: str, **form: str) -> str:
        headers = {"X-CSRFToken": self.browser.cookies["csrftoken"], "HX-Request": "true"}
        return self.browser.post(path, data=form, headers=headers).raise_for_status().text


@pytest.fixture
def rita(platform: Platform) -> Iterator[Person]:
    with httpx.Client(base_url=platform.web) as browser:
        rita = Person(browser)
        token = browser.cookies["csrftoken"]
        said = {"username": "rita", "password": PASSWORD, "csrfmiddlewaretoken": token}
        assert browser.post("/sign-in", data=said).status_code == 302
        yield rita


def test_a_killed_worker_leads_to_one_more_sending_with_the_same_id(
    platform: Platform, boss: Caller, rita: Person, receiver: Holding
) -> None:
    added = rita.post("/notifications/webhooks", address=receiver.address, topics="escalation")
    secret = re.search(r"whsec_[\w+/=]+", added)
    assert secret
    nobody = {"task_type": "people", "required_capabilities": ["nobody"]}
    task = boss.said("/decisions/task", title="nobody's business", **nobody)
    boss.said(f"/decisions/task/{task['id']}/escalate", reason="look at this")
    until(lambda: receiver.got, 15, what="the message")
    platform.kill("worker")
    receiver.may_answer.set()
    # As if the minute had passed that a claim holds.
    platform.rows("UPDATE notices SET due_at = now() WHERE task_id = %s RETURNING 1", task["id"])
    platform.rows("UPDATE notice_reader SET sending_until = NULL RETURNING 1")
    platform.start("worker")
    settled = "SELECT outcome, attempts FROM notices WHERE task_id = %s AND outcome <> ''"
    assert until(lambda: platform.rows(settled, task["id"]), 30, what="an end") == [("sent", 2)]
    first, second = receiver.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    for post in receiver.got:
        assert Webhook(secret[0]).verify(post.body, post.headers)["subject"] == task["id"]
        assert "nobody's business" not in post.body.decode()
