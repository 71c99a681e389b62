"""All tasks: searched, filtered, sorted, endless, and as a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect, push_url

from agentic.admin_lists import id_in
from agentic.audits import record
from agentic.errors import Invalid
from agentic.exports import csv_lines
from agentic.streaming import streamed
from agentic.vocabulary import AuditAction, EntityType
from decisions.cursors import Cursor, parse
from decisions.models import Task
from oversight.doors import PageRequest, actor, page, show
from oversight.selectors.orders import MOST_REFRESHED, summed
from oversight.selectors.tasks import (
    COLUMNS,
    MOST_EXPORTED,
    PAGE,
    Found,
    export_tasks,
    find_tasks,
    find_tasks_again,
)
from oversight.task_filters import FilterForm, agents_to_choose, query_of, wanted
from oversight.task_forms import filled_in

Find = Callable[..., Found]
# Behind a fold, as long as none of them is used.
RARE = ("type", "agent", "since", "until", "overdue", "mine")


@page("tasks.view")
def tasks(request: PageRequest) -> HttpResponse:
    """The page, its list (to htmx), or with `part=rows` only the rows that follow `after`."""
    form = FilterForm(request.GET)
    if not form.is_valid():
        return wrong(request, form)
    said = form.cleaned_data
    if (task_id := id_in(said["q"])) and Task.objects.filter(pk=task_id).exists():
        return to_task(request, task_id)
    if request.GET.get("part") == "rows":
        return render(request, "oversight/_task_rows.html", list_of(request, said, find_tasks))
    if summed(request.GET.getlist("shown")) > MOST_REFRESHED:
        return HttpResponse(status=204)
    listed = list_of(request, said, find_on(request))
    context = {**listed, **choices(form, said)}
    answer = show(request, "oversight/tasks.html", context, part="oversight/_tasks.html")
    return push_url(answer, listed["here"]) if request.htmx.trigger == "task-filters" else answer


def list_of(request: PageRequest, said: dict[str, Any], find: Find) -> dict[str, Any]:
    after = place(request.GET.get("after", ""))
    found = find(wanted(said, request.user), after=after)
    address, from_here = reverse("tasks"), {"after": str(after)} if after else {}
    return {
        "tasks": found.rows,
        "here": f"{address}{query_of(said, **from_here)}",
        "top": f"{address}{query_of(said)}" if after else "",
        "following": following(said, found.following),
        "following_at": found.following,
        "further": following(said, found.further),
        "further_at": found.further.at if found.further else None,
        "missing": id_in(said["q"]),
    }


def find_on(request: PageRequest) -> Find:
    """A page of it; to a list that fetches itself, as much as there is on the screen, and what has come since."""
    if until := place(request.GET.get("until_place", "")):
        return partial(find_tasks_again, until=until, most=2 * MOST_REFRESHED)
    return partial(find_tasks, limit=PAGE + summed(request.GET.getlist("shown")))


def place(text: str) -> Cursor | None:
    return parse(text) if text else None


def following(said: dict[str, Any], at: Cursor | None) -> str:
    return f"{reverse('tasks')}{query_of(said, after=str(at))}" if at else ""


def choices(form: FilterForm, said: dict[str, Any]) -> dict[str, Any]:
    return {
        "form": form,
        "selects": [form[name] for name in ("state", "priority", "sort")],
        "said": said,
        "filtered": any(said.values()),
        "more_filters": any(form[name].value() for name in RARE),
        "agents": agents_to_choose(said.get("agent")),
        "export": f"{reverse('tasks_csv')}{query_of(said)}",
        "most_exported": MOST_EXPORTED,
    }


def wrong(request: PageRequest, form: FilterForm) -> HttpResponse:
    """The filters as they were said, each wrong one with why; no list."""
    context = {**choices(form, {}), "wrong": True}
    answer = show(request, "oversight/tasks.html", context, part="oversight/_tasks.html")
    answer.status_code = Invalid.status
    return answer


def to_task(request: PageRequest, task_id: UUID) -> HttpResponse:
    address = reverse("task", args=[task_id])
    return HttpResponseClientRedirect(address) if request.htmx else HttpResponseRedirect(address)


@page("tasks.export")
def tasks_csv(request: PageRequest) -> Any:
    """As a file, a part at a time. That it was taken is audited before the first line leaves."""
    said = filled_in(FilterForm(request.GET))
    if request.method != "HEAD":
        tell_of_export(request, said)
    rows: Iterable[Any] = export_tasks(wanted(said, request.user))
    name = f"tasks-{timezone.now():%Y%m%d-%H%M%S}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    lines = csv_lines(rows, columns=COLUMNS)
    return streamed(request, lines, content_type="text/csv; charset=utf-8", headers=headers)


def tell_of_export(request: PageRequest, said: dict[str, Any]) -> None:
    told = {name: str(value) for name, value in said.items() if value}
    record(
        AuditAction.EXPORTED,
        actor=actor(request),
        entity_type=EntityType.TASK,
        format="csv",
        filters=told,
        most=MOST_EXPORTED,
    )
