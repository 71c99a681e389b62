"""Actions on rows: asked for with a form where one is needed, carried out one by one, and reported one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from agentic.admin_rules import RuledAdmin
from agentic.errors import Conflict, DomainError

# Each row goes in a transaction of its own, while a browser waits.
MOST_AT_ONCE = 500
LONGEST_REASON = 1000
Act = Callable[..., str]  # (row, **the form's fields) -> what to tell of it; raises DomainError


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
        help_text="Kept with the change, for whoever reads its history.",
    )


def ask(
    page: RuledAdmin,
    request: HttpRequest,
    chosen: QuerySet[Any],
    form_class: type[forms.Form],
    act: Act,
    *,
    title: str,
    warning: str = "",
    **given: Any,
) -> HttpResponse | None:
    """The page with the form, or, once it is filled in, the action on each of the rows."""
    rows = few(page, request, chosen)
    if not rows:
        return None
    form = form_class(request.POST if "answered" in request.POST else None, **given)
    if form.is_valid():
        each(page, request, rows, lambda row: act(row, **form.cleaned_data))
        return None
    about = {"title": title, "form": form, "rows": rows, "warning": warning}
    return form_page(page, request, action=request.POST["action"], **about)


def form_page(page: RuledAdmin, request: HttpRequest, **about: Any) -> TemplateResponse:
    context = {**page.admin_site.each_context(request), "opts": page.opts, **about}
    return TemplateResponse(request, "admin/ask.html", context)


def few(page: RuledAdmin, request: HttpRequest, chosen: QuerySet[Any]) -> Sequence[Any]:
    """The rows, unless they are too many for one go."""
    rows = list(chosen.order_by("pk")[: MOST_AT_ONCE + 1])
    if len(rows) > MOST_AT_ONCE:
        page.message_user(request, f"At most {MOST_AT_ONCE} at once.", messages.ERROR)
        return []
    return rows


def each(
    page: RuledAdmin, request: HttpRequest, rows: Sequence[Any], act: Callable[[Any], str]
) -> None:
    """Each by itself: one that is refused is named, with why, and does not stop the others."""
    done = 0
    for row in rows:
        try:
            told = act(row)
        except DomainError as error:
            page.message_user(request, f"“{row}”: {refusal(error)}", messages.ERROR)
            continue
        done += 1
        if told:
            page.message_user(request, told, messages.SUCCESS)
    if len(rows) > 1:
        page.message_user(request, f"{done} of {len(rows)} done.", messages.INFO)


def refusal(error: DomainError) -> str:
    """What a person must know of it: the fields that were wrong, or the state that forbids it."""
    fields = error.members.get("errors", {})
    if fields:
        return "; ".join(text for texts in fields.values() for text in texts)
    is_now = f" It is {error.members['state']}." if isinstance(error, Conflict) else ""
    return f"{error}{is_now}".replace("_", " ")
