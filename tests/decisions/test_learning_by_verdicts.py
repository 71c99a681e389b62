"""After so many verdicts the models that decide are trained anew: asked for once, and never live by itself."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connection

from agentic.actors import Actor
from agentic.models import User
from decisions.learning.by_verdicts import is_due, request_what_is_due
from decisions.models import Review
from mlregistry.models import RegisteredModel, TrainingJob
from mlregistry.services.leases import take
from mlregistry.services.training import cancel_training_job, request_training_job
from tests.decisions.floor import Floor, pending
from tests.decisions.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def three(settings: Any) -> None:
    settings.LEARN_EVERY_VERDICTS = 3


def say(floor: Floor, reviewer: User, number: int) -> None:
    """So many verdicts of a person."""
    for _ in range(number):
        task_id, token = floor.working()
        floor.complete(task_id, token)
        decision = pending(task_id)
        Review.objects.create(
            task_id=task_id, decision=decision, reviewer=reviewer, verdict="approve"
        )


def names(jobs: list[TrainingJob]) -> list[str]:
    return [job.model_name for job in jobs]


def test_it_waits_for_enough_of_them(floor: Floor, reviewer: User) -> None:
    say(floor, reviewer, 2)
    assert request_what_is_due() == []
    say(floor, reviewer, 1)
    made = request_what_is_due()
    assert names(made) == configured.DECIDING_MODELS
    assert {(job.trigger, job.created_by, job.status) for job in made} == {
        ("verdicts", None, "pending")
    }
    assert not RegisteredModel.objects.exists()


def test_it_asks_once_for_the_same_verdicts(floor: Floor, reviewer: User, operator: Actor) -> None:
    say(floor, reviewer, 3)
    jobs = request_what_is_due()
    assert request_what_is_due() == []
    for job in jobs:  # however it ends
        cancel_training_job(actor=operator, job_id=job.pk)
    assert request_what_is_due() == []
    say(floor, reviewer, 3)
    assert names(request_what_is_due()) == configured.DECIDING_MODELS


def test_while_one_trains_no_other_is_asked_for(
    floor: Floor, reviewer: User, operator: Actor
) -> None:
    say(floor, reviewer, 3)
    for job in request_what_is_due():
        take(job.pk, actor=operator)
    say(floor, reviewer, 3)
    assert request_what_is_due() == []


def test_a_job_that_a_person_asked_for_stands_in_nobodys_way(
    floor: Floor, reviewer: User, operator: Actor
) -> None:
    say(floor, reviewer, 3)
    request_training_job(actor=operator, model_name="review_risk")
    assert names(request_what_is_due()) == configured.DECIDING_MODELS


def test_it_can_be_turned_off(floor: Floor, reviewer: User, settings: Any) -> None:
    settings.LEARN_EVERY_VERDICTS = 0
    say(floor, reviewer, 3)
    assert request_what_is_due() == []


def test_a_name_that_nobody_trains_is_left_out(floor: Floor, reviewer: User, settings: Any) -> None:
    settings.DECIDING_MODELS = ["bought"]
    say(floor, reviewer, 3)
    assert not is_due("bought")


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_several_that_ask_at_once_ask_for_one(floor: Floor, reviewer: User) -> None:
    say(floor, reviewer, 3)
    at_once(*[partial(request_what_is_due)] * 4)
    assert sorted(names(list(TrainingJob.objects.all()))) == sorted(configured.DECIDING_MODELS)
