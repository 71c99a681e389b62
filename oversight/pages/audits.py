"""The audit log: who did what to the platform, what it changed, and whether the chain holds."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from django.http import HttpResponse
from django_htmx.http import push_url

from agentic.audits import told_by
from agentic.models import GENESIS, Audit
from agentic.vocabulary import AuditAction
from oversight.doors import PageRequest, page, show
from oversight.log_forms import AuditFilters
from oversight.selectors.audits import (
    CHECKED,
    Wanted,
    besides,
    changes_in,
    check_newest,
    head,
    look,
    read_audit,
)

LIST = "oversight/_audit_log.html"
ASKED = [field.name for field in fields(Wanted)]


@page("audits.view")
def audit_log(request: PageRequest) -> HttpResponse:
    form, end = AuditFilters(request.GET), head()
    context: dict[str, Any] = {"form": form, "head": end, "checked": CHECKED}
    if not form.is_valid():
        return show(request, "oversight/audits.html", context, part=LIST)
    asked = form.cleaned_data
    before, older = asked["before"], request.htmx.target == "older"
    wanted = Wanted(**{name: asked[name] for name in ASKED})
    upto = end.number if before is None else min(before, end.number)
    context |= {"found": look(wanted, upto=upto), "is_newest": before is None}
    part = "oversight/_audit_log_rows.html" if older else LIST
    answer = show(request, "oversight/audits.html", context, part=part)
    return answer if older or not request.htmx else push_url(answer, form.address("audit_log"))


@page("audits.view")
def audit(request: PageRequest, number: int) -> HttpResponse:
    row = read_audit(number)
    context = {"audit": row, **about(row)}
    return show(request, "oversight/audit.html", context, part="oversight/_audit_detail.html")


def about(row: Audit) -> dict[str, Any]:
    told = told_by(row.details)
    return {
        "action": AuditAction(row.action).label,
        "told": told,
        "changes": changes_in(told),
        "besides": besides(told),
        "is_first": row.previous_hash == GENESIS,
    }


@page("audits.view")
def audit_check(request: PageRequest) -> HttpResponse:
    """The newest rows, checked at this moment."""
    context = {"result": check_newest(), "head": head()}
    part = "oversight/_audit_checked.html"
    return show(request, "oversight/audit_check.html", context, part=part)
