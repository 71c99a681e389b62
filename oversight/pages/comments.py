"""What people noted on a task, as a list that several pages show."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

from decisions.cursors import parse
from oversight.doors import PageRequest, page, show
from oversight.selectors.comments import PAGE, comments_of
from oversight.selectors.orders import MOST_REFRESHED, summed
from oversight.selectors.task import get_task


@page("tasks.view")
def task_comments(request: PageRequest, task_id: UUID) -> HttpResponse:
    """The whole list, as long as it is on the screen; with `after` only the older ones that follow."""
    task = get_task(task_id)
    if after := request.GET.get("after", ""):
        older = {"task": task, "comments": comments_of(task_id, after=parse(after))}
        return show(request, "oversight/comments.html", older, part="oversight/_comment_rows.html")
    shown = max(PAGE, summed(request.GET.getlist("shown")))
    if shown > MOST_REFRESHED:
        return HttpResponse(status=204)
    context = {"task": task, "comments": comments_of(task_id, limit=shown)}
    if request.htmx:
        return render(request, "oversight/_comment_list.html", context)
    return show(request, "oversight/comments.html", context)
