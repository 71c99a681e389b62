"""Who looks at what: one person at a time, one thing for each person, and nobody is held up by it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db.models import F

from agentic.actors import Actor, ActorKind, Source, system
from agentic.clock import Now
from agentic.errors import Conflict, NotAllowed, NotFound
from agentic.ids import new_id
from agentic.models import Event, User
from decisions.models import Decision
from decisions.services.interventions import override_task
from decisions.services.reservations import Reserved, release_decision, reserve_decision
from decisions.services.verdicts import decide
from decisions.shapes import ReviewOf
from decisions.states import State
from tests.decisions.floor import Floor, pending
from tests.decisions.threads import at_once


def acting(person: User) -> Actor:
    return Actor(ActorKind.USER, person.pk, person.username, Source.WEB)


@pytest.fixture
def rita(reviewer: User) -> Actor:
    return acting(reviewer)


@pytest.fixture
def ada(admin: User) -> Actor:
    return acting(admin)


@pytest.fixture
def waiting(floor: Floor) -> Decision:
    return bring(floor)


def bring(floor: Floor) -> Decision:
    task_id, _ = floor.bring_to(State.COMPLETED)
    return pending(task_id)


def again(decision: Decision) -> Decision:
    return Decision.objects.get(pk=decision.pk)


def holder(decision: Decision) -> UUID | None:
    return again(decision).reserved_by_id


def story(decision: Decision) -> list[str]:
    events = Event.objects.filter(entity_type="decision", entity_id=decision.pk)
    return [
        kind.removeprefix("decision.")
        for kind in events.order_by("version").values_list("event_type", flat=True)
    ]


def let_pass(decision: Decision, **moment: float) -> None:
    """The reservation ends that much earlier."""
    Decision.objects.filter(pk=decision.pk).update(
        reserved_until=F("reserved_until") - timedelta(**moment)
    )


def test_it_is_told_with_who_and_until_when(waiting: Decision, rita: Actor) -> None:
    until = reserve_decision(waiting.pk, actor=rita)
    row = again(waiting)
    assert (row.reserved_by_id, row.reserved_until) == (rita.id, until)
    told = Event.objects.filter(entity_id=waiting.pk).latest("version")
    assert (told.event_type, told.user_id) == ("decision.reserved", rita.id)
    assert told.data["by"] == "rita"
    assert told.data["task_id"] == str(waiting.task_id)


def test_it_lasts_as_long_as_the_setting_says(
    waiting: Decision, rita: Actor, settings: Any
) -> None:
    settings.REVIEW_RESERVATION_SECONDS = 60
    reserve_decision(waiting.pk, actor=rita)
    ahead = Decision.objects.filter(
        pk=waiting.pk, reserved_until__lte=Now() + timedelta(seconds=60)
    )
    assert ahead.filter(reserved_until__gt=Now() + timedelta(seconds=50)).exists()


def test_somebody_else_is_refused_while_it_lasts(
    waiting: Decision, rita: Actor, ada: Actor
) -> None:
    reserve_decision(waiting.pk, actor=rita)
    with pytest.raises(Reserved):
        reserve_decision(waiting.pk, actor=ada)
    assert holder(waiting) == rita.id


def test_it_ends_by_itself(waiting: Decision, rita: Actor, ada: Actor) -> None:
    reserve_decision(waiting.pk, actor=rita)
    let_pass(waiting, minutes=5)
    reserve_decision(waiting.pk, actor=ada)
    assert holder(waiting) == ada.id
    assert story(waiting) == ["proposed", "reserved", "reserved"]


def test_it_is_renewed_without_an_event_and_only_when_half_is_over(
    waiting: Decision, rita: Actor
) -> None:
    first = reserve_decision(waiting.pk, actor=rita)
    reserve_decision(waiting.pk, actor=rita)
    assert again(waiting).reserved_until == first
    let_pass(waiting, minutes=3)
    reserve_decision(waiting.pk, actor=rita)
    assert again(waiting).reserved_until >= first  # type: ignore[operator]
    assert story(waiting) == ["proposed", "reserved"]


def test_opening_another_puts_the_first_one_back(
    floor: Floor, waiting: Decision, rita: Actor
) -> None:
    other = bring(floor)
    reserve_decision(waiting.pk, actor=rita)
    reserve_decision(other.pk, actor=rita)
    assert (holder(waiting), holder(other)) == (None, rita.id)
    assert story(waiting)[-1] == "released"


def test_who_has_it_puts_it_back(waiting: Decision, rita: Actor, ada: Actor) -> None:
    reserve_decision(waiting.pk, actor=rita)
    assert not release_decision(waiting.pk, actor=ada)
    assert release_decision(waiting.pk, actor=rita)
    assert not release_decision(waiting.pk, actor=rita)
    assert again(waiting).reserved_until is None
    assert story(waiting) == ["proposed", "reserved", "released"]


def test_anyone_may_decide_all_the_same_and_it_ends_with_the_verdict(
    waiting: Decision, rita: Actor, ada: Actor
) -> None:
    reserve_decision(waiting.pk, actor=rita)
    decide(ReviewOf(decision_id=waiting.pk, verdict="approve"), actor=ada)  # type: ignore[arg-type]
    row = again(waiting)
    assert (row.status, row.reserved_by_id, row.reserved_until) == ("approved", None, None)


def test_it_ends_with_an_override_of_the_task(waiting: Decision, rita: Actor, ada: Actor) -> None:
    reserve_decision(waiting.pk, actor=rita)
    override_task(waiting.task_id, actor=ada, reason="because", new_decision={"label": 1})
    row = again(waiting)
    assert (row.status, row.reserved_by_id, row.reserved_until) == ("overridden", None, None)


def test_what_is_decided_is_not_reserved(waiting: Decision, rita: Actor, ada: Actor) -> None:
    decide(ReviewOf(decision_id=waiting.pk, verdict="approve"), actor=ada)  # type: ignore[arg-type]
    with pytest.raises(Conflict) as refused:
        reserve_decision(waiting.pk, actor=rita)
    assert refused.value.members["state"] == "approved"
    assert not release_decision(waiting.pk, actor=rita)


def test_only_people_reserve_and_only_what_is_there(waiting: Decision, rita: Actor) -> None:
    with pytest.raises(NotAllowed):
        reserve_decision(waiting.pk, actor=system())
    with pytest.raises(NotFound):
        reserve_decision(new_id(), actor=rita)


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_has_it(waiting: Decision, rita: Actor, ada: Actor) -> None:
    at_once(*(partial(reserve_decision, waiting.pk, actor=who) for who in (rita, ada)))
    assert story(waiting) == ["proposed", "reserved"]


@pytest.mark.django_db(transaction=True)
def test_two_windows_of_one_person_hold_one(floor: Floor, waiting: Decision, rita: Actor) -> None:
    other = bring(floor)
    at_once(*(partial(reserve_decision, one.pk, actor=rita) for one in (waiting, other)))
    assert [holder(waiting), holder(other)].count(rita.id) == 1


@pytest.mark.django_db(transaction=True)
def test_a_verdict_and_a_reservation_at_once_both_hold(
    waiting: Decision, rita: Actor, ada: Actor
) -> None:
    verdict = ReviewOf(decision_id=waiting.pk, verdict="approve")  # type: ignore[arg-type]

    look = partial(reserve_decision, waiting.pk, actor=rita)
    at_once(look, partial(decide, verdict, actor=ada))
    row = again(waiting)
    assert (row.status, row.reserved_by_id) == ("approved", None)
    assert row.version == len(story(waiting))
