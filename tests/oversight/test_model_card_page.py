"""The page of one version, and what two people do there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agentic.actors import Actor
from agentic.models import User
from mlregistry import artifacts
from mlregistry.models import ActivationRequest, RegisteredModel
from mlregistry.services.activation import roll_back_model
from mlregistry.services.activation_requests import request_activation
from tests.mlregistry.shelf import actor_for, let_live, live, trained
from tests.mlregistry.test_cards import CARD
from tests.oversight.conftest import Browse

HTMX = {"HX-Request": "true"}
HOSTILE = "<img src=x onerror=alert(1)>"
NAME = "review_risk"


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Path) -> None:
    settings.MODEL_ROOT = tmp_path


@pytest.fixture
def model(operator: Actor) -> RegisteredModel:
    found = trained(operator)
    RegisteredModel.objects.filter(pk=found.pk).update(card=CARD, parameters={"l2": 1.0})
    return found


@pytest.fixture
def site(browse: Browse, manager: User) -> Client:
    return browse(manager)


def page(model: RegisteredModel) -> str:
    return reverse("model_version", args=[model.pk])


def text_of(site: Client, address: str, **asked: str) -> str:
    answer = site.get(address, asked)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_it_tells_all_that_the_card_has(site: Client, model: RegisteredModel) -> None:
    text = text_of(site, page(model))
    for said in (
        CARD["summary"],
        *CARD["limits"],
        "share caught",
        "doubt",
        model.sha256,
        "0.75 to 0.85",
    ):
        assert said in text
    assert "l2" in text


@pytest.mark.parametrize("odd", [{}, [], "x", {"curve": {"lines": {HOSTILE: [[0, 0], [1, 1]]}}}])
def test_an_odd_card_harms_no_page(site: Client, model: RegisteredModel, odd: Any) -> None:
    RegisteredModel.objects.filter(pk=model.pk).update(
        card=odd, metrics={HOSTILE: 1, "n": {"value": HOSTILE}}, version=HOSTILE
    )
    text = text_of(site, page(model))
    assert HOSTILE not in text
    assert "&lt;img src=x" in text


def test_the_gate_is_told_line_by_line(site: Client, operator: Actor) -> None:
    weak = trained(operator, auc={"value": 0.55, "n": 400})
    text = text_of(site, page(weak))
    assert "auc is 0.550, at least 0.6 is asked" in text
    assert text.count('badge-bad">no<') == 1


def test_one_asks_on_the_page_and_another_agrees(
    site: Client, browse: Browse, admin: User, manager: User, model: RegisteredModel
) -> None:
    asked = site.post(
        reverse("model_activate", args=[model.pk]), {"reason": "better"}, headers=HTMX
    )
    assert "waits for a second person" in asked.content.decode()
    request = ActivationRequest.objects.get()
    approve = reverse("activation_approve", args=[request.pk])
    assert approve not in text_of(site, page(model))
    assert site.post(approve, {"reason": "me too"}, headers=HTMX).status_code == 403
    second = browse(admin)
    for address in (reverse("models"), reverse("model", args=[NAME]), page(model)):
        assert approve in text_of(second, address)
    assert second.post(approve, {"reason": "it holds"}, headers=HTMX).status_code == 200
    assert live(NAME) == [model.version]


def test_who_asked_withdraws(site: Client, model: RegisteredModel) -> None:
    site.post(reverse("model_activate", args=[model.pk]), {"reason": "better"})
    request = ActivationRequest.objects.get()
    refuse = reverse("activation_refuse", args=[request.pk])
    assert "Withdraw" in text_of(site, page(model))
    assert site.post(refuse, {"reason": "not yet"}).status_code == 302
    request.refresh_from_db()
    assert (request.status, live(NAME)) == ("refused", [])


def test_what_nobody_can_approve_any_more_is_not_offered(
    site: Client, browse: Browse, operator: Actor, admin: User, manager: User
) -> None:
    first, second, third = trained(operator), trained(operator), trained(operator)
    let_live(first, manager, admin)
    let_live(second, manager, admin)
    said = {"reason": "better", "replaces": str(second.pk)}
    site.post(reverse("model_activate", args=[third.pk]), said)
    request = ActivationRequest.objects.get(status="open")
    roll_back_model(actor=operator, model_id=second.pk)
    approve, refuse = (
        reverse(f"activation_{word}", args=[request.pk]) for word in ("approve", "refuse")
    )
    boss = browse(admin)
    for address in (reverse("models"), reverse("model", args=[NAME]), page(third)):
        text = text_of(boss, address)
        assert "nobody can approve it any more" in text
        assert (approve in text, refuse in text) == (False, True)
        assert "Withdraw it, and ask anew" in text_of(site, address)
    assert boss.post(approve, {"reason": "x"}).status_code == 409


def test_no_id_stands_twice_where_both_models_wait(
    browse: Browse, operator: Actor, admin: User, manager: User
) -> None:
    brier: dict[str, Any] = {name: {"value": 0.1, "n": 90} for name in ("brier", "brier_before")}
    for model in (trained(operator), trained(operator, "calibration", **brier)):
        request_activation(actor=actor_for(manager), model_id=model.pk)
    ids = re.findall(r' id="([^"]+)"', text_of(browse(admin), reverse("models")))
    assert len([one for one in ids if one.startswith("reason-")]) == 4
    assert len(ids) == len(set(ids))


def test_a_file_that_was_changed_is_seen(
    site: Client, admin: User, manager: User, model: RegisteredModel
) -> None:
    let_live(model, manager, admin)
    place = artifacts.place_of(model.sha256)
    place.chmod(0o600)
    place.write_bytes(b'{"threshold": 0.6}')
    text = text_of(site, page(model))
    assert "Its file is unusable: the file was changed" in text
    assert "processes that start from now on go by the thresholds" in text
    assert "those that loaded it before go on with it" in text


def test_the_file_is_fetched_from_the_page(site: Client, model: RegisteredModel) -> None:
    answer: Any = site.get(reverse("model_artifact", args=[model.pk]))
    assert b"".join(answer.streaming_content) == b'{"threshold": 0.5}'
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_what_was_live_on_a_date(
    site: Client, admin: User, manager: User, model: RegisteredModel
) -> None:
    let_live(model, manager, admin)
    for address in (reverse("models"), reverse("model", args=[NAME])):
        assert "Nothing was live on" in text_of(site, address, at="2020-01-01T00:00")
        then = site.get(address, {"at": "2999-01-01T00:00"}).context["then"]
        assert [row.model for row in then] == [model]
        assert site.get(address, {"at": "then"}).status_code == 400


def test_a_viewer_looks_and_does_nothing(
    browse: Browse, viewer: User, operator: Actor, model: RegisteredModel
) -> None:
    text = text_of(browse(viewer), page(model))
    assert "Ask for it to go live" not in text
