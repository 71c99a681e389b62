"""Real transactions on PostgreSQL: however many ask at once, one version is live and no story has a gap."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import connection

from agentic.actors import Actor
from agentic.errors import Conflict
from agentic.models import User
from agents.models import Agent
from mlregistry.models import Activation
from mlregistry.services.activation import (
    NotLive,
    OtherWentLive,
    activate_model,
    roll_back_model,
)
from mlregistry.services.activation_requests import (
    RequestOpen,
    approve_activation,
    refuse_activation,
    request_activation,
)
from mlregistry.services.registration import VersionTaken, register_model
from mlregistry.services.uploading import HasFile, upload_artifact
from tests.decisions.threads import at_once, behind
from tests.mlregistry.shelf import (
    actor_for,
    history,
    let_live,
    live,
    story,
    trained,
    versions,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]


def test_whoever_chose_by_an_older_picture_is_told_so(operator: Actor, agent: Agent) -> None:
    one, two = versions(operator, agent, "1", "2")
    first, second = (partial(activate_model, actor=operator, model_id=m.pk) for m in (one, two))
    assert isinstance(behind(first, second), OtherWentLive)
    assert (live(), history()) == (["1"], [("1", False)])


def test_the_answer_names_what_is_live(operator: Actor, agent: Agent) -> None:
    one, two = versions(operator, agent, "1", "2")
    first, second = (partial(activate_model, actor=operator, model_id=m.pk) for m in (one, two))
    assert behind(first, second).members == {"live": {"id": one.pk, "version": "1"}}


@pytest.mark.parametrize("choice", ["the same", "different ones"])
def test_of_twenty_who_replace_the_same_version_one_wins(
    operator: Actor, agent: Agent, choice: str
) -> None:
    """Also of those that begin when the first has committed."""
    old, *models = versions(operator, agent, "old", *"abcdefghijklmnopqrst")
    activate_model(actor=operator, model_id=old.pk)
    asked = models[:1] * 20 if choice == "the same" else models
    replace = partial(activate_model, actor=operator, replaces=old.pk)
    answers = at_once(*[partial(replace, model_id=model.pk) for model in asked])
    refused = [answer for answer in answers if isinstance(answer, OtherWentLive)]
    (winner,) = [answer for answer in answers if answer not in refused]
    assert (len(refused), live()) == (19, [winner.version])
    assert {error.members["live"]["id"] for error in refused} == {winner.pk}
    assert history() == [("old", True), (winner.version, False)]


def test_the_same_choice_twice_is_one_activation(operator: Actor, agent: Agent) -> None:
    (one,) = versions(operator, agent, "1")
    activate = partial(activate_model, actor=operator, model_id=one.pk)
    assert behind(activate, activate) == one
    assert history() == [("1", False)]


def test_of_two_roll_backs_one_is_carried_out(operator: Actor, agent: Agent) -> None:
    models = versions(operator, agent, "1", "2", "3")
    for model in models:
        activate_model(actor=operator, model_id=model.pk)
    back = partial(roll_back_model, actor=operator, model_id=models[-1].pk)
    assert isinstance(behind(back, back), NotLive)
    assert live() == ["2"]


@pytest.mark.parametrize("round_", range(5))
def test_in_a_storm_one_version_is_live(operator: Actor, agent: Agent, round_: int) -> None:
    models = versions(operator, agent, *"abcdefgh")
    calls = [partial(activate_model, actor=operator, model_id=model.pk) for model in models]
    answers = at_once(*calls)
    won = [answer for answer in answers if not isinstance(answer, Exception)]
    assert {type(answer) for answer in answers} <= {type(models[0]), OtherWentLive}
    assert len(live()) == 1
    assert live()[0] in [model.version for model in won]
    assert Activation.objects.count() == len(won)
    assert [over for _, over in history()].count(False) == 1
    for model in models:
        assert [number for number, _ in story(model)] == list(range(1, len(story(model)) + 1))


def test_of_those_that_enter_a_name_live_at_once_one_is_live(operator: Actor, agent: Agent) -> None:
    calls = [
        partial(
            register_model,
            actor=operator,
            name="digits",
            version=version,
            agent_id=agent.pk,
            is_active=True,
        )
        for version in "abcdef"
    ]
    answers = at_once(*calls)
    refused = [answer for answer in answers if isinstance(answer, Exception)]
    assert {type(answer) for answer in refused} <= {OtherWentLive}
    assert (len(live()), len(history())) == (1, len(answers) - len(refused))


def test_of_equal_versions_entered_at_once_there_is_one(operator: Actor, agent: Agent) -> None:
    enter = partial(register_model, actor=operator, name="d", version="1", agent_id=agent.pk)
    answers = at_once(*[enter] * 5)
    assert [type(answer) for answer in answers].count(VersionTaken) == 4


@pytest.mark.parametrize("answers", ["two agree", "one agrees and one refuses"])
def test_of_two_people_who_decide_about_a_request_one_wins(
    operator: Actor, manager: User, reviewer: User, answers: str
) -> None:
    model = trained(operator)
    request = request_activation(actor=operator, model_id=model.pk)
    agree = partial(approve_activation, actor=actor_for(manager), request_id=request.pk)
    second = approve_activation if answers == "two agree" else refuse_activation
    other = partial(second, actor=actor_for(reviewer), request_id=request.pk)
    found = at_once(agree, other)
    (refused,) = [answer for answer in found if isinstance(answer, Conflict)]
    request.refresh_from_db()
    assert refused.members["state"] == request.status
    assert len(live("review_risk")) == (request.status == "approved")


def test_of_ten_who_ask_at_once_one_waits(operator: Actor) -> None:
    models = [trained(operator) for _ in range(10)]
    ask = partial(request_activation, actor=operator)
    found = at_once(*[partial(ask, model_id=model.pk) for model in models])
    assert len([one for one in found if isinstance(one, RequestOpen)]) == 9


def test_a_roll_back_and_an_approval_at_once_leave_one_live(
    operator: Actor, admin: User, manager: User
) -> None:
    first, second, third = (trained(operator) for _ in range(3))
    let_live(first, manager, admin)
    let_live(second, manager, admin)
    request = request_activation(actor=operator, model_id=third.pk)
    found = at_once(
        partial(approve_activation, actor=actor_for(manager), request_id=request.pk),
        partial(roll_back_model, actor=operator, model_id=second.pk),
    )
    refused = [one for one in found if isinstance(one, OtherWentLive | NotLive)]
    assert (len(refused), len(live("review_risk"))) == (1, 1)


def test_jobs_that_end_at_once_have_numbers_of_their_own(operator: Actor) -> None:
    found = at_once(*[partial(trained, operator) for _ in range(8)])
    assert len({model.version for model in found}) == 8


def test_of_two_files_at_once_one_is_kept(operator: Actor, agent: Agent) -> None:
    (model,) = versions(operator, agent, "1")
    send = partial(upload_artifact, actor=operator, model_id=model.pk)
    found = at_once(partial(send, pieces=[b"{}"]), partial(send, pieces=[b"[]"]))
    assert len([one for one in found if isinstance(one, HasFile)]) == 1
