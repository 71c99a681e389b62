"""The doors of the pages: what they let through in a minute, and what they say past it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from agentic.errors import Conflict, Invalid
from agentic.models import User
from oversight.doors import in_words
from tests.conftest import Api

Browse = Callable[[User], Client]


def test_a_person_asks_so_many_pages_a_minute_and_no_more(
    browse: Browse, viewer: User, client_for: Callable[[User], Api], settings: Any
) -> None:
    api, browser = client_for(viewer), browse(viewer)
    settings.RATE_PER_MINUTE_PERSON = 3
    answers = [browser.get("/tasks") for _ in range(8)]
    statuses = [answer.status_code for answer in answers]
    # At the turn of a minute, two minutes' worth may come close together.
    assert statuses[:3] == [200, 200, 200]
    assert statuses[-1] == 429 or statuses.count(200) == 6
    assert 0 < int(next(a for a in answers if a.status_code == 429)["Retry-After"]) <= 60
    assert api.get("/auth/me").status_code == 200


def ended(browser: Client) -> Client:
    Session.objects.all().delete()
    return browser


@pytest.mark.parametrize(
    ("said", "back"),
    [
        ("http://testserver/escalations?after=1", "%2Fescalations%3Fafter%3D1"),
        ("http://testserver:8080/escalations", "%2F"),
        ("https://evil.example/escalations", "%2F"),
        ("", "%2F"),
    ],
)
def test_a_form_that_comes_after_the_sign_in_ended_leads_back_to_its_page(
    browse: Browse, reviewer: User, said: str, back: str
) -> None:
    answer = ended(browse(reviewer)).post("/reviews/several", {}, headers={"Referer": said})
    assert (answer.status_code, answer["Location"]) == (302, f"/sign-in?next={back}")


def test_a_page_that_was_asked_for_is_asked_for_again(browse: Browse, viewer: User) -> None:
    for ask in (browse(viewer).get, browse(viewer).head):
        Session.objects.all().delete()
        assert ask("/tasks?q=one")["Location"] == "/sign-in?next=%2Ftasks%3Fq%3Done"


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_page_with_scripts_stays_where_it_is_and_is_told(
    browse: Browse, reviewer: User, method: str
) -> None:
    browser = ended(browse(reviewer))
    address = "/reviews/several" if method == "post" else "/tasks"
    answer = getattr(browser, method)(address, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content) == (401, b"")
    assert (answer["HX-Trigger"], answer["HX-Reswap"]) == ('{"signed-out": {}}', "none")
    assert "HX-Redirect" not in answer


def test_a_form_with_an_old_mark_leaves_a_page_with_scripts_where_it_is(reviewer: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(reviewer, backend="agentic.passwords.PasswordBackend")
    answer = browser.post("/reviews/several", {}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Reswap"]) == (403, "none")
    assert answer["HX-Trigger"] == "signed-out"


def test_names_of_people_are_told_as_they_are() -> None:
    told = in_words(Conflict("in_progress", [], "agent_47 was faster."))
    assert told == "agent_47 was faster. It is in progress now."
    assert in_words(Invalid(name="agent_47 has it")) == "name: agent_47 has it"
