"""What the first page of the admin site says of work."""

from __future__ import annotations

from agentic.admin_parts import list_address
from agentic.board import Figure, add_figure, alarm
from decisions.admin.overdue import overdue
from decisions.models import Decision, Stop, Task
from decisions.states import DecisionStatus, State
from decisions.stopping import on


def stops() -> Figure:
    text = "Nothing in their scope is given to agents."
    return alarm("stops that are on", on(), "bad", text, list_address(Stop, lifted_at__isempty=1))


def overdue_tasks() -> Figure:
    text = "Their timer has passed and nobody looked: is the sweep running?"
    late = Task.objects.filter(overdue())
    return alarm("overdue tasks", late, "bad", text, list_address(Task, overdue="yes"))


def escalated_tasks() -> Figure:
    text = "A person must decide what becomes of them."
    waiting = Task.objects.filter(state=State.ESCALATED)
    address = list_address(Task, state__exact=State.ESCALATED)
    return alarm("escalated tasks", waiting, "warn", text, address)


def pending_decisions() -> Figure:
    text = "They wait for a reviewer."
    pending = Decision.objects.filter(status=DecisionStatus.PENDING)
    address = list_address(Decision, status__exact=DecisionStatus.PENDING)
    return alarm("decisions to review", pending, "warn", text, address)


add_figure("stops.view", stops)
add_figure("tasks.view", overdue_tasks)
add_figure("tasks.view", escalated_tasks)
add_figure("reviews.view", pending_decisions)
