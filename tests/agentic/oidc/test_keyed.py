"""Sign-in by OIDC with an `Idempotency-Key`: the provider is asked in no transaction, and failures are written down."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from agentic.clock import seconds_from_now
from agentic.models import Audit, KeptAnswer, SignIn
from agentic.oidc import api
from agentic.oidc.exchange import proven
from agentic.vocabulary import AuditAction
from tests.agentic.oidc.liar import Liar
from tests.agentic.oidc.test_answers import begun, callback
from tests.conftest import Api
from tests.decisions.threads import in_background


def keyed(state: str, key: str = "k") -> Any:
    caller = Api()
    caller.headers = {"Idempotency-Key": key}
    return caller.post("/auth/oidc/callback", {"code": "c", "state": state})


@pytest.mark.parametrize(
    ("said", "status"), [((503, {}), 502), ((400, {"error": "invalid_grant"}), 401)], ids=str
)
def test_a_failure_is_written_down_and_the_state_is_used_up(
    liar: Liar, said: Any, status: int
) -> None:
    state, liar.said["/token"] = begun(liar), said
    assert keyed(state).status_code == status
    row = Audit.objects.get()
    assert (row.action, row.told["method"]) == (AuditAction.SIGN_IN_FAILED, "oidc")
    assert not KeptAnswer.objects.exists()
    del liar.said["/token"]
    assert callback(state).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_the_provider_is_asked_in_no_transaction(
    liar: Liar, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_ones: list[bool] = []

    def watched(*args: Any) -> Any:
        open_ones.append(connection.in_atomic_block)
        return proven(*args)

    monkeypatch.setattr(api, "proven", watched)
    assert keyed(begun(liar)).status_code == 200
    assert open_ones == [False]


@pytest.mark.django_db(transaction=True)
def test_while_the_provider_is_asked_the_key_is_taken(
    liar: Liar, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slow(*args: Any) -> Any:
        asked.set()
        assert go_on.wait(20)
        return proven(*args)

    monkeypatch.setattr(api, "proven", slow)
    state = begun(liar)
    with in_background(lambda: keyed(state)) as first:
        assert asked.wait(20)
        second = keyed(state)
        assert (second.status_code, second.json()["code"]) == (409, "idempotency_in_flight")
        assert second["Retry-After"] == "1"
        go_on.set()
    answer = first.result()
    assert answer.status_code == 200
    assert keyed(state).content == answer.content
    assert SignIn.objects.count() == 1


def test_a_key_that_a_dead_process_took_is_free_after_a_while(
    liar: Liar, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*args: Any) -> None:
        raise KeyboardInterrupt

    state = begun(liar)
    with monkeypatch.context() as patch:
        patch.setattr(api, "account_for", die)
        patch.setattr("agentic.idempotency.give_back", lambda asked: None)
        with pytest.raises(KeyboardInterrupt):
            keyed(state)
    assert keyed(state).status_code == 409
    KeptAnswer.objects.update(expires_at=seconds_from_now(-1))
    assert keyed(state).status_code == 200
