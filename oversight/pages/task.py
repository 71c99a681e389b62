"""One task: where it is, how it got there, what may be done with it; and its receipt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from django.http import HttpResponse

from agentic.errors import Invalid
from agentic.roles import may, people_who_may
from decisions.models import Task
from decisions.permitted import ACTIONS, Action, allowed_actions
from decisions.services.escalations import HANDLE
from decisions.services.feedback import HIGHEST, LOWEST
from decisions.services.reassigning import who_could_take
from oversight.doors import PageRequest, actor, page, show
from oversight.selectors import task as tasks
from oversight.selectors.feedback import could_be_about, kinds_for
from oversight.selectors.receipt import receipt_of
from oversight.selectors.story import story_of
from oversight.steps import steps
from oversight.task_forms import DEEDS, OUTCOMES

MOST_CHOICES = 50  # of agents, or of people
LARGEST_VERSION = 2**31 - 1


class Failed(NamedTuple):
    """What somebody tried without a script running: why it was not done, and what was typed."""

    action: Action
    problem: str
    typed: Mapping[str, Any]

    def texts(self) -> list[tuple[str, Any]]:
        fields = DEEDS[self.action.name].form.base_fields
        return [(name, self.typed.get(name, "")) for name in fields]


class Offer(NamedTuple):
    """An action with what its form needs."""

    name: str
    label: str
    warning: str
    fields: Iterable[str]
    is_open: bool
    typed: Mapping[str, Any]


@page("tasks.view")
def task(request: PageRequest, task_id: UUID) -> HttpResponse:
    return task_page(request, task_id)


@page("tasks.view")
def task_receipt(request: PageRequest, task_id: UUID) -> HttpResponse:
    context = receipt_of(
        tasks.get_task(task_id),
        sees_escalations=may(request.user, "escalations.view"),
        sees_reviews=may(request.user, "reviews.view"),
    )
    return show(request, "oversight/receipt.html", context)


def task_page(
    request: PageRequest, task_id: UUID, *, failed: Failed | None = None, status: int = 200
) -> HttpResponse:
    row = tasks.get_task(task_id)
    attempt = tasks.last_attempt(row)
    context = {
        "task": row,
        "attempt": attempt,
        "steps": steps(row, attempt),
        "children": tasks.children_of(row),
        "story": story_of(
            row, sees_escalations=may(request.user, "escalations.view"), before=before(request)
        ),
        "before": before(request),
        **offered(request, row, failed),
        **for_reviewers(request, row),
    }
    answer = show(request, "oversight/task.html", context, part="oversight/_task.html")
    answer.status_code = status
    return answer


def before(request: PageRequest) -> int:
    """The version before which the shown part of the story ends; 0 for its newest part."""
    said = request.GET.get("before", "") or "0"
    if not (said.isascii() and said.isdigit()) or len(said) > 10 or int(said) > LARGEST_VERSION:
        raise Invalid(before="not a version")
    return int(said)


def for_reviewers(request: PageRequest, row: Task) -> dict[str, Any]:
    """What was proposed and said stands before those who review, as in the API; escalations likewise."""
    found: dict[str, Any] = {}
    if may(request.user, "reviews.view"):
        found["decisions"] = tasks.decisions_of(row)
        found["overrides"] = tasks.overrides_of(row)
    if kinds := kinds_for(request.user):
        found["feedback"] = tasks.feedback_of(row, kinds)
    if may(request.user, "escalations.view"):
        found["escalations"] = tasks.escalations_of(row)
    return found


def offered(request: PageRequest, row: Task, failed: Failed | None) -> dict[str, Any]:
    """The forms of what may be done at this moment. Comments have one of their own."""
    wanted = failed.action.name if failed else request.GET.get("do", "")
    allowed = allowed_actions(request.user, row, actor=actor(request))
    names = [one.name for one in allowed]
    return {
        "offers": [offer(one, wanted, failed) for one in allowed if one != ACTIONS["comment"]],
        "candidates": who_could_take(row.pk)[:MOST_CHOICES] if "reassign" in names else [],
        "could_be_about": could_be_about(row) if "rate" in names else [],
        "ratings": range(HIGHEST, LOWEST - 1, -1),
        "outcomes": OUTCOMES,
        "handlers": people_who_may(HANDLE)[:MOST_CHOICES] if "take" in names else [],
        "draft": {} if row.result is None else row.result,
        **told_of(failed, names),
    }


def told_of(failed: Failed | None, names: list[str]) -> dict[str, Any]:
    """Why it was not done. What was typed stands in its form again; beside it when there is no such form any more."""
    if failed is None:
        return {}
    return {
        "failed": failed,
        "typed": failed.typed if failed.action == ACTIONS["comment"] else {},
        "left_over": [] if failed.action.name in names else failed.texts(),
    }


def offer(one: Action, wanted: str, failed: Failed | None) -> Offer:
    deed = DEEDS[one.name]
    mine = failed.typed if failed and failed.action == one else {}
    return Offer(
        one.name, one.label, deed.warning, list(deed.form.base_fields), wanted == one.name, mine
    )
