"""One version of a name is live; what was live when is written down."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from agentic.actors import Actor
from agentic.errors import NotFound
from agentic.ids import new_id
from agentic.models import Event
from agents.models import Agent
from mlregistry.models import Activation, RegisteredModel
from mlregistry.services.activation import (
    NothingBefore,
    NotLive,
    OtherWentLive,
    activate_model,
    retire_model,
    roll_back_model,
)
from tests.mlregistry.shelf import history, live, noted, story, versions

pytestmark = pytest.mark.django_db


def test_the_one_that_was_live_retires(operator: Actor, agent: Agent) -> None:
    one, two = versions(operator, agent, "1", "2")
    for model in (one, two):
        activate_model(actor=operator, model_id=model.pk)
        assert live() == [model.version]
    assert history() == [("1", True), ("2", False)]
    ended, begun = Activation.objects.order_by("number")
    assert ended.ended_at == begun.activated_at
    assert (begun.requested_by_id, begun.approved_by_id) == (operator.user_id, None)


def test_each_version_tells_its_own_story(operator: Actor, agent: Agent) -> None:
    one, two = versions(operator, agent, "1", "2")
    for model in (one, two, one):
        activate_model(actor=operator, model_id=model.pk)
    assert [kind for _, kind in story(one)] == [
        "model.registered",
        "model.activated",
        "model.retired",
        "model.activated",
    ]
    assert [number for number, _ in story(one)] == [1, 2, 3, 4]
    retired = Event.objects.get(entity_id=two.pk, event_type="model.retired")
    assert retired.data == {"name": "digits", "version": "2", "replaced_by": "1"}


def test_names_do_not_stand_in_each_others_way(operator: Actor, agent: Agent) -> None:
    (digits,), (letters,) = (
        versions(operator, agent, "1", name=name) for name in ("digits", "letters")
    )
    for model in (digits, letters):
        activate_model(actor=operator, model_id=model.pk)
    assert (live("digits"), live("letters")) == (["1"], ["1"])


def test_to_activate_the_live_one_changes_nothing(operator: Actor, agent: Agent) -> None:
    (one,) = versions(operator, agent, "1")
    activate_model(actor=operator, model_id=one.pk)
    before = (story(one), history(), noted())
    assert activate_model(actor=operator, model_id=one.pk) == one
    assert (story(one), history(), noted()) == before


def test_whoever_comes_later_and_names_nothing_simply_activates(
    operator: Actor, agent: Agent
) -> None:
    one, two = versions(operator, agent, "1", "2")
    for model in (one, two):
        activate_model(actor=operator, model_id=model.pk)
    assert live() == ["2"]


def test_it_replaces_what_the_caller_saw_or_nothing(operator: Actor, agent: Agent) -> None:
    one, two, three = versions(operator, agent, "1", "2", "3")
    activate_model(actor=operator, model_id=one.pk, replaces=None)
    activate_model(actor=operator, model_id=two.pk, replaces=one.pk)
    before = (history(), noted())
    for seen in (one.pk, None, three.pk, new_id()):
        with pytest.raises(OtherWentLive, match="digits 2 is live now") as refused:
            activate_model(actor=operator, model_id=three.pk, replaces=seen)
        assert refused.value.members["live"] == {"id": two.pk, "version": "2"}
    assert (history(), noted()) == before


def test_who_saw_another_version_than_the_live_one_has_not_won(
    operator: Actor, agent: Agent
) -> None:
    """Though the version of the choice is live: somebody else made the same one."""
    (one,) = versions(operator, agent, "1")
    activate_model(actor=operator, model_id=one.pk)
    assert activate_model(actor=operator, model_id=one.pk, replaces=one.pk) == one
    with pytest.raises(OtherWentLive):
        activate_model(actor=operator, model_id=one.pk, replaces=None)


def test_nothing_is_live_though_the_caller_saw_something(operator: Actor, agent: Agent) -> None:
    one, two = versions(operator, agent, "1", "2")
    with pytest.raises(OtherWentLive, match="no version is live now") as refused:
        activate_model(actor=operator, model_id=one.pk, replaces=two.pk)
    assert (refused.value.members["live"], live()) == (None, [])


def test_a_roll_back_goes_to_what_was_live_before(operator: Actor, agent: Agent) -> None:
    one, two = versions(operator, agent, "1", "2")
    for model in (one, two):
        activate_model(actor=operator, model_id=model.pk)
    assert roll_back_model(actor=operator, model_id=two.pk) == one
    assert live() == ["1"]
    restored = Activation.objects.get(ended_at=None)
    assert restored.restores == Activation.objects.get(number=1)
    assert noted()[-1] == (
        "model.rolled_back",
        {"before": {"live": "2"}, "after": {"live": "1"}, "name": "digits"},
    )


def test_once_more_goes_one_further_back(operator: Actor, agent: Agent) -> None:
    models = {model.version: model for model in versions(operator, agent, "1", "2", "3")}
    for model in models.values():
        activate_model(actor=operator, model_id=model.pk)
    for version in ("3", "2"):
        roll_back_model(actor=operator, model_id=models[version].pk)
    assert live() == ["1"]
    with pytest.raises(NothingBefore):
        roll_back_model(actor=operator, model_id=models["1"].pk)


def test_what_was_rolled_back_is_not_gone_back_to(operator: Actor, agent: Agent) -> None:
    one, two, three = versions(operator, agent, "1", "2", "3")
    for model in (one, two):
        activate_model(actor=operator, model_id=model.pk)
    roll_back_model(actor=operator, model_id=two.pk)
    activate_model(actor=operator, model_id=three.pk)
    assert roll_back_model(actor=operator, model_id=three.pk) == one
    with pytest.raises(NothingBefore):
        roll_back_model(actor=operator, model_id=one.pk)


def test_only_the_live_one_is_rolled_back(operator: Actor, agent: Agent) -> None:
    one, two = versions(operator, agent, "1", "2")
    activate_model(actor=operator, model_id=one.pk)
    before = history()
    with pytest.raises(NotLive):
        roll_back_model(actor=operator, model_id=two.pk)
    with pytest.raises(NothingBefore):
        roll_back_model(actor=operator, model_id=one.pk)
    assert (history(), live()) == (before, ["1"])


def test_the_live_one_is_taken_out_of_service(operator: Actor, agent: Agent) -> None:
    one, two = versions(operator, agent, "1", "2")
    activate_model(actor=operator, model_id=one.pk)
    with pytest.raises(NotLive):
        retire_model(actor=operator, model_id=two.pk)
    assert retire_model(actor=operator, model_id=one.pk, reason="it is wrong") == one
    assert (live(), Activation.objects.filter(ended_at=None).count()) == ([], 0)
    assert noted()[-1] == (
        "model.retired",
        {"before": {"live": "1"}, "after": {"live": None}, "name": "digits"},
    )
    event = Event.objects.latest("position")
    assert (event.event_type, event.data["replaced_by"]) == ("model.retired", None)
    with pytest.raises(NotLive):
        roll_back_model(actor=operator, model_id=one.pk)
    activate_model(actor=operator, model_id=two.pk, replaces=None)
    assert live() == ["2"]


def test_what_is_not_there_cannot_go_live(operator: Actor) -> None:
    for change in (activate_model, roll_back_model, retire_model):
        with pytest.raises(NotFound):
            change(actor=operator, model_id=new_id())


def test_the_database_holds_that_one_is_live(operator: Actor, agent: Agent) -> None:
    one, two = versions(operator, agent, "1", "2")
    activate_model(actor=operator, model_id=one.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        RegisteredModel.objects.filter(pk=two.pk).update(is_active=True)
    began = Activation.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Activation.objects.create(
            model=two, name="digits", number=2, activated_at=began.activated_at
        )
