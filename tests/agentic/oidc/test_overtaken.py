"""An account that is closed in the moment of a sign-in by OIDC stays closed, at both doors."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from agentic.actors import Actor
from agentic.models import Audit, SignIn, User
from agentic.oidc import api, backend
from agentic.oidc.claims import Person
from agentic.oidc.people import account_of
from agentic.sign_ins import Overtaken
from agentic.vocabulary import AuditAction
from tests.agentic.oidc.liar import Liar
from tests.agentic.oidc.test_answers import begun, callback
from tests.agentic.oidc.test_pages import failure


@pytest.fixture(autouse=True)
def overtaken(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is closed when the provider has answered, and before the sign-in begins."""

    def just_then(person: Person, door: Actor) -> User:
        user = account_of(person, door)
        User.objects.update(is_active=False)
        return user

    for module in (api, backend):
        monkeypatch.setattr(module, "account_of", just_then)


def check_nobody_came_in() -> None:
    assert not SignIn.objects.exists()
    row = Audit.objects.get(action=AuditAction.SIGN_IN_FAILED)
    assert row.reason == Overtaken.reason


def test_the_api_gives_no_token(liar: Liar) -> None:
    answer = callback(begun(liar))
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    check_nobody_came_in()


def test_the_page_lets_nobody_in(liar: Liar, client: Client) -> None:
    asked: dict[str, Any] = parse_qs(urlsplit(client.get("/oidc/begin")["Location"]).query)
    liar.nonce = asked["nonce"][0]
    answer = client.get("/oidc/callback", {"code": "c", "state": asked["state"][0]})
    assert "Sign in anew" in failure(answer, 403)
    assert not client.session.keys()
    check_nobody_came_in()
