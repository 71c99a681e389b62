"""Notes of people on a task: kept in any state, with an event, and without touching the task's own course."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection
from django.test import Client

from agentic.actors import Actor, system
from agentic.errors import Invalid, NotAllowed, NotFound
from agentic.ids import new_id
from agentic.models import User
from decisions.models import Comment
from decisions.services.comments import LONGEST, comment_on_task
from decisions.states import State
from tests.decisions.floor import Floor, everything, row, sound, state_of, story, told
from tests.decisions.threads import at_once, behind

Browse = Callable[[User], Client]
HTMX = {"HX-Request": "true"}
HOSTILE = "<img src=x onerror=alert(1)>{{ 7 }}"


@pytest.mark.parametrize("state", State.values)
def test_it_is_kept_in_any_state_and_changes_none(floor: Floor, state: str) -> None:
    task_id, _ = floor.bring_to(state)
    before = row(task_id)
    comment_id = comment_on_task(task_id, actor=floor.operator, text="  look here  ")
    after = row(task_id)
    assert Comment.objects.get(pk=comment_id).text == "look here"
    assert (story(task_id)[-1], after.version) == ("task.commented", before.version + 1)
    assert (after.state, after.due_at, after.updated_at) == (
        state, before.due_at, before.updated_at
    )  # fmt: skip
    sound(task_id)


def test_its_event_names_it_and_leaves_the_text_out(floor: Floor, operator: Actor) -> None:
    task_id = floor.queue()
    comment_id = comment_on_task(task_id, actor=operator, text="not for ever")
    assert told(task_id) == {"comment_id": str(comment_id), "by": operator.label}


def test_an_agent_goes_on_with_its_lease_after_a_comment(floor: Floor, operator: Actor) -> None:
    task_id, token = floor.working()
    comment_on_task(task_id, actor=operator, text="good luck")
    floor.complete(task_id, token)
    assert state_of(task_id) == "completed"


@pytest.mark.parametrize("text", ["", " \n\t ", "x" * (LONGEST + 1), "half\0way"])
def test_a_text_that_cannot_be_kept_is_refused_by_name(
    floor: Floor, operator: Actor, text: str
) -> None:
    task_id = floor.queue()
    before = everything()
    with pytest.raises(Invalid) as refused:
        comment_on_task(task_id, actor=operator, text=text)
    assert list(refused.value.members["errors"]) == ["text"]
    assert everything() == before


def test_of_no_task_there_is_no_comment(operator: Actor) -> None:
    with pytest.raises(NotFound):
        comment_on_task(new_id(), actor=operator, text="hello")


def test_only_people_comment(floor: Floor) -> None:
    with pytest.raises(NotAllowed):
        comment_on_task(floor.queue(), actor=system(), text="hello")


@pytest.mark.django_db(transaction=True)
def test_comments_at_once_are_all_kept(floor: Floor, operator: Actor) -> None:
    task_id = floor.queue()
    say = partial(comment_on_task, task_id, actor=operator)
    at_once(*(partial(say, text=f"number {n}") for n in range(4)))
    assert Comment.objects.filter(task=task_id).count() == 4
    sound(task_id)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_one_behind_a_completion_takes_nothing_from_it(floor: Floor, operator: Actor) -> None:
    task_id, token = floor.working()
    behind(
        partial(floor.complete, task_id, token),
        partial(comment_on_task, task_id, actor=operator, text="well done"),
    )
    assert state_of(task_id) == "completed"
    sound(task_id)
