"""Each sign-in that is begun leaves a row or a session behind: so many a minute may be, from one address."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from agentic import rates
from agentic.models import Audit, OidcRequest
from agentic.rates import Meter, Tally
from tests.agentic.oidc.conftest import CLIENT_CALLBACK
from tests.agentic.oidc.liar import Liar
from tests.agentic.oidc.test_answers import config
from tests.agentic.oidc.test_pages import failure
from tests.agentic.test_rates import Clock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two_a_minute(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RATE_PER_MINUTE_SIGN_IN, settings.REDIS_URL = 2, ""
    monkeypatch.setattr(rates, "time", Clock())
    monkeypatch.setattr(rates, "meter", Meter())
    monkeypatch.setattr(rates, "tally", Tally())


def test_the_page_that_begins_one_makes_no_more(liar: Liar) -> None:
    begun = [Client().get("/oidc/begin") for _ in range(3)]
    assert [answer.status_code for answer in begun] == [302, 302, 429]
    assert "go on in 40 s" in failure(begun[-1], 429)
    assert begun[-1]["Retry-After"] == "40"
    assert Session.objects.count() == 2
    assert not Audit.objects.exists()


def test_the_call_that_begins_one_makes_no_more(liar: Liar) -> None:
    answers = [config(redirect_uri=CLIENT_CALLBACK) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1]["Retry-After"] == "40"
    assert OidcRequest.objects.count() == 2
    assert config().status_code == 200  # to look costs nothing


def test_who_comes_back_with_nonsense_does_not_fill_the_log(liar: Liar) -> None:
    nonsense = {"error": "access_denied"}
    answers = [Client().get("/oidc/callback", nonsense) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [403, 403, 429, 429]
    assert Audit.objects.count() == 2


def test_the_way_off_and_the_way_back_are_counted_apart(liar: Liar) -> None:
    assert [Client().get("/oidc/begin").status_code for _ in range(2)] == [302, 302]
    assert Client().get("/oidc/callback", {"state": "s"}).status_code == 400
