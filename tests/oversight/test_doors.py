"""The doors of the pages: what they let through in a minute, and what they say past it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import Client

from agentic.models import User
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
