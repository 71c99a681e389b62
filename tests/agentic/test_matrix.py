"""Who gets in where: one table, written by hand, against every door that there is.

A door that the table does not name fails, as does one that is named and not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import admin as admin_site
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from agentic.actors import Actor
from agentic.ids import new_id
from agentic.models import User
from agentic.routes import Route, api_routes
from agents.models import Agent
from agents.services import issue_key, revoke_key
from tests.conftest import Api

Callers = frozenset[str]

EVERYBODY: Callers = frozenset(
    {"anonymous", "stranger", "viewer", "agent_manager", "reviewer", "admin", "agent", "revoked"}
)
# Whoever has no credential that is good; to all others a door that stays closed says 403.
UNKNOWN: Callers = frozenset({"anonymous", "revoked"})
SIGNED_IN: Callers = frozenset({"stranger", "viewer", "agent_manager", "reviewer", "admin"})
VIEWERS = SIGNED_IN - {"stranger"}
MANAGERS: Callers = frozenset({"agent_manager", "admin"})
REVIEWERS: Callers = frozenset({"reviewer", "admin"})
ESCALATORS = MANAGERS | REVIEWERS
ADMINS: Callers = frozenset({"admin"})
AGENTS: Callers = frozenset({"agent"})

API: dict[str, Callers] = {
    "POST /auth/token": EVERYBODY,
    "POST /auth/token/refresh": EVERYBODY,
    "POST /auth/logout": EVERYBODY,
    "GET /auth/me": SIGNED_IN,
    "GET /auth/oidc/config": EVERYBODY,
    "POST /auth/oidc/callback": EVERYBODY,
    "POST /decisions/task": MANAGERS,
    "POST /decisions/tasks": MANAGERS,
    "GET /decisions/task/{task_id}": VIEWERS,
    "GET /decisions/tasks": VIEWERS,
    "PATCH /decisions/task/{task_id}/state": MANAGERS,
    "POST /decisions/task/{task_id}/override": REVIEWERS,
    "POST /decisions/task/{task_id}/escalate": ESCALATORS,
    "POST /decisions/task/{task_id}/feedback": ESCALATORS,
    "GET /decisions/events": VIEWERS,
    "GET /decisions/escalations": REVIEWERS,
    "GET /decisions/reviews": REVIEWERS,
    "POST /decisions/reviews": REVIEWERS,
    "POST /decisions/decision/{decision_id}/review": REVIEWERS,
    "POST /admin/agents": ADMINS,
    "GET /admin/agents": MANAGERS,
    "GET /admin/agents/{agent_id}": MANAGERS,
    "PATCH /admin/agents/{agent_id}/status": ADMINS,
    "GET /admin/agents/{agent_id}/keys": ADMINS,
    "POST /admin/agents/{agent_id}/keys": ADMINS,
    "POST /admin/agents/{agent_id}/keys/{key_id}/rotate": ADMINS,
    "POST /admin/agents/{agent_id}/keys/{key_id}/revoke": ADMINS,
    "GET /admin/agents/{agent_id}/calibration": MANAGERS,
    "POST /admin/models": MANAGERS,
    "GET /admin/models": VIEWERS,
    "GET /admin/models/live": VIEWERS,
    "GET /admin/models/{model_id}": VIEWERS,
    "POST /admin/models/{model_id}/activate": MANAGERS,
    "GET /admin/models/{model_id}/artifact": VIEWERS,
    "PUT /admin/models/{model_id}/artifact": MANAGERS,
    "GET /admin/activation-requests": VIEWERS,
    "POST /admin/activation-requests/{request_id}/approve": MANAGERS,
    "POST /admin/activation-requests/{request_id}/refuse": MANAGERS,
    "POST /admin/training-jobs": MANAGERS,
    "GET /admin/training-jobs": MANAGERS,
    "GET /admin/training-jobs/{job_id}": MANAGERS,
    "POST /admin/training-jobs/{job_id}/cancel": MANAGERS,
    "GET /admin/audits": ADMINS,
    "GET /admin/stats": MANAGERS,
    "GET /admin/policy": ESCALATORS,
    "GET /admin/policies": ESCALATORS,
    "POST /admin/policies": ADMINS,
    "POST /admin/policies/{version}/activate": ADMINS,
    "GET /admin/policy-drafts": ESCALATORS,
    "POST /admin/policy-drafts": ESCALATORS,
    "GET /admin/policy-drafts/{draft_id}": ESCALATORS,
    "PATCH /admin/policy-drafts/{draft_id}": ESCALATORS,
    "POST /admin/policy-drafts/{draft_id}/simulate": ESCALATORS,
    "POST /admin/policy-drafts/{draft_id}/publish": ADMINS,
    "POST /admin/policy-drafts/{draft_id}/close": ESCALATORS,
    "GET /admin/stops": MANAGERS,
    "POST /admin/stops": ADMINS,
    "POST /admin/stops/{stop_id}/lift": ADMINS,
    "POST /worker/register": AGENTS,
    "POST /worker/sign-off": AGENTS,
    "POST /worker/claim": AGENTS,
    "POST /worker/batch": AGENTS,
    "GET /worker/feedback": AGENTS,
    "GET /worker/decisions/{decision_id}": AGENTS,
    "POST /worker/tasks/{task_id}/ack": AGENTS,
    "POST /worker/tasks/{task_id}/start": AGENTS,
    "POST /worker/tasks/{task_id}/heartbeat": AGENTS,
    "POST /worker/tasks/{task_id}/propose": AGENTS,
    "POST /worker/tasks/{task_id}/complete": AGENTS,
    "POST /worker/tasks/{task_id}/fail": AGENTS,
    "POST /worker/tasks/{task_id}/release": AGENTS,
    "POST /worker/tasks/{task_id}/suspend": AGENTS,
    "POST /worker/tasks/{task_id}/delegate": AGENTS,
}
# Where the credential is in the body.
BODIES = {"POST /auth/logout": {"refresh_token": "aar_nobodys"}}
# The oversight pages and what is done on them, by the door's method and address.
PAGES: dict[str, Callers] = {
    "GET /dashboard": VIEWERS,
    "GET /reviews": REVIEWERS,
    "GET /reviews/queue": REVIEWERS,
    "GET /reviews/<uuid:decision_id>": REVIEWERS,
    "GET /reviews/<uuid:decision_id>/standing": REVIEWERS,
    "POST /reviews/<uuid:decision_id>/reserve": REVIEWERS,
    "POST /reviews/<uuid:decision_id>/release": REVIEWERS,
    "POST /reviews/<uuid:decision_id>/difference": REVIEWERS,
    "POST /reviews/<uuid:decision_id>/decide": REVIEWERS,
    "POST /reviews/<uuid:decision_id>/override": REVIEWERS,
    "POST /reviews/several": REVIEWERS,
    "POST /reviews/several/decide": REVIEWERS,
    "GET /tasks": VIEWERS,
    "GET /tasks.csv": VIEWERS,
    "GET /tasks/<uuid:task_id>": VIEWERS,
    "GET /tasks/<uuid:task_id>/receipt": VIEWERS,
    "GET /tasks/<uuid:task_id>/comments": VIEWERS,
    "POST /tasks/<uuid:task_id>/comment": ESCALATORS,
    "POST /tasks/<uuid:task_id>/acknowledge": REVIEWERS,
    "POST /tasks/<uuid:task_id>/take": REVIEWERS,
    "POST /tasks/<uuid:task_id>/requeue": MANAGERS,
    "POST /tasks/<uuid:task_id>/reassign": MANAGERS,
    "POST /tasks/<uuid:task_id>/escalate": ESCALATORS,
    "POST /tasks/<uuid:task_id>/override": REVIEWERS,
    "POST /tasks/<uuid:task_id>/cancel": MANAGERS,
    "POST /tasks/<uuid:task_id>/rate": ESCALATORS,
    "POST /tasks/<uuid:task_id>/outcome": ESCALATORS,
    "GET /escalations": REVIEWERS,
    "GET /agents": MANAGERS,
    "GET /agents/<uuid:agent_id>": MANAGERS,
    "POST /agents/<uuid:agent_id>/status": ADMINS,
    "POST /agents/<uuid:agent_id>/stop": ADMINS,
    "POST /agents/<uuid:agent_id>/keys": ADMINS,
    "POST /agents/<uuid:agent_id>/keys/<uuid:key_id>/rotate": ADMINS,
    "POST /agents/<uuid:agent_id>/keys/<uuid:key_id>/revoke": ADMINS,
    "POST /stops": ADMINS,
    "POST /stops/<uuid:stop_id>/lift": ADMINS,
    "GET /notifications": VIEWERS,
    "POST /notifications/email": VIEWERS,
    "POST /notifications/webhooks": VIEWERS,
    "POST /notifications/roles": ADMINS,
    "POST /notifications/<uuid:target_id>/topics": VIEWERS,
    "POST /notifications/<uuid:target_id>/test": VIEWERS,
    "POST /notifications/<uuid:target_id>/remove": VIEWERS,
    "GET /models": VIEWERS,
    "GET /models/<path:name>": VIEWERS,
    "GET /model-versions/<uuid:model_id>": VIEWERS,
    "GET /model-versions/<uuid:model_id>/artifact": VIEWERS,
    "POST /activation-requests/<uuid:request_id>/approve": MANAGERS,
    "POST /activation-requests/<uuid:request_id>/refuse": MANAGERS,
    "POST /model-versions/<uuid:model_id>/activate": MANAGERS,
    "POST /model-versions/<uuid:model_id>/roll-back": MANAGERS,
    "POST /model-versions/<uuid:model_id>/retire": MANAGERS,
    "GET /policies": ESCALATORS,
    "GET /policies/new": ESCALATORS,
    "POST /policies/draft": ESCALATORS,
    "POST /policies/<int:version>/activate": ADMINS,
    "GET /policies/drafts/<uuid:draft_id>": ESCALATORS,
    "GET /policies/drafts/<uuid:draft_id>/edit": ESCALATORS,
    "POST /policies/drafts/<uuid:draft_id>/change": ESCALATORS,
    "POST /policies/drafts/<uuid:draft_id>/simulate": ESCALATORS,
    "POST /policies/drafts/<uuid:draft_id>/publish": ADMINS,
    "POST /policies/drafts/<uuid:draft_id>/close": ESCALATORS,
    "GET /training-jobs": MANAGERS,
    "POST /training-jobs/start": MANAGERS,
    "GET /training-jobs/<uuid:job_id>": MANAGERS,
    "POST /training-jobs/<uuid:job_id>/cancel": MANAGERS,
    "GET /events": VIEWERS,
    "GET /events/<int:position>": VIEWERS,
    "GET /audits": ADMINS,
    "GET /audits/check": ADMINS,
    "GET /audits/<int:number>": ADMINS,
}
# Pages outside the admin site; none of them shows anything of the platform's work.
OPEN_PAGES = {
    "/favicon/<int:number>.svg",
    "/",
    "/health",
    "/healthz",
    "/readyz",
    "/api/schema",
    "/api/docs",
    "/api/asyncapi",
    "/sign-in",
    "/sign-out",
    "/oidc/begin",
    "/oidc/callback",
    "/admin/login/",
    "/admin/logout/",
}
# Lists of the admin site, and with each list the pages of its rows.
ADMIN_LISTS: dict[str, Callers] = {
    "agentic.user": ADMINS,
    "agentic.group": ADMINS,
    "agentic.event": VIEWERS,
    "agentic.audit": ADMINS,
    "agentic.signin": ADMINS,
    "agentic.oidcidentity": ADMINS,
    "agentic.failedsignins": ADMINS,
    "agents.agent": MANAGERS,
    "agents.agentkey": ADMINS,
    "mlregistry.registeredmodel": VIEWERS,
    "mlregistry.activation": VIEWERS,
    "mlregistry.activationrequest": VIEWERS,
    "mlregistry.trainingjob": MANAGERS,
    "decisions.task": VIEWERS,
    "decisions.attempt": VIEWERS,
    "decisions.decision": REVIEWERS,
    "decisions.review": REVIEWERS,
    "decisions.escalation": REVIEWERS,
    "decisions.feedback": REVIEWERS,
    "decisions.comment": VIEWERS,
    "decisions.reviewpolicy": ESCALATORS,
    "decisions.policydraft": ESCALATORS,
    "decisions.stop": MANAGERS,
    "oversight.notificationtarget": ADMINS,
    "oversight.notice": ADMINS,
}


def named(route: Route) -> str:
    path = re.sub(r"<str:(\w+)>", r"{\1}", route.path.removeprefix("/api/v1"))
    return f"{route.method} {path}"


def test_the_table_names_each_call_of_the_api() -> None:
    assert sorted(map(named, api_routes())) == sorted(API)


@pytest.fixture
def people(
    stranger: User, viewer: User, manager: User, reviewer: User, admin: User
) -> dict[str, User]:
    return {
        "stranger": stranger,
        "viewer": viewer,
        "agent_manager": manager,
        "reviewer": reviewer,
        "admin": admin,
    }


@pytest.fixture
def callers(
    client_for: Callable[[User | str | None], Api],
    people: dict[str, User],
    operator: Actor,
    agent: Agent,
    agent_key: str,
) -> dict[str, Api]:
    revoked = issue_key(actor=operator, agent_id=agent.pk)
    revoke_key(actor=operator, agent_id=agent.pk, key_id=revoked.key.pk)
    who: dict[str, User | str | None] = {"anonymous": None, **people}
    who |= {"agent": agent_key, "revoked": revoked.secret}
    assert who.keys() == EVERYBODY
    return {name: client_for(one) for name, one in who.items()}


def answer_to(caller: Api, call: str) -> str:
    method, _, path = call.partition(" ")
    path = re.sub(r"\{\w+\}", str(new_id()), path)
    said = BODIES.get(call, {})
    answer = caller.get(path) if method == "GET" else caller.send(method.lower(), path, said)
    assert answer.status_code < 500
    return {401: "who?", 403: "no"}.get(answer.status_code, "in")


def verdicts(let_in: Callers) -> dict[str, str]:
    return {
        name: "in" if name in let_in else "who?" if name in UNKNOWN else "no" for name in EVERYBODY
    }


@pytest.mark.parametrize("call", API)
def test_each_caller_gets_what_the_table_says(callers: dict[str, Api], call: str) -> None:
    assert {name: answer_to(api, call) for name, api in callers.items()} == verdicts(API[call])


def addresses(patterns: list[Any], prefix: str = "/") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern)


def doors(patterns: list[Any], prefix: str = "/") -> Iterator[tuple[str, Any]]:
    """Addresses, those of our pages with the method of their door."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from doors(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            method, _, rule = getattr(pattern.callback, "door", "").partition(" ")
            yield f"{method} {prefix}{pattern.pattern}".strip(), rule


def test_the_table_names_each_page() -> None:
    found = {page for page, _ in doors(get_resolver().url_patterns)}
    pages = {page for page in found if not page.startswith(("/api/v1/", "/admin/"))}
    assert pages == {*PAGES, *(page for page in OPEN_PAGES if not page.startswith("/admin/"))}


def browser_of(person: User) -> Client:
    site = Client()
    site.force_login(person, backend="agentic.passwords.PasswordBackend")
    return site


@pytest.mark.parametrize("page", PAGES)
def test_each_page_opens_for_whom_the_table_says(people: dict[str, User], page: str) -> None:
    method, _, address = page.partition(" ")
    address = re.sub(r"<uuid:\w+>", str(new_id()), re.sub(r"<(str|path):\w+>", "x", address))
    address = re.sub(r"<int:\w+>", "1", address)
    visitors = {name: browser_of(person) for name, person in people.items()}
    answers = {
        name: getattr(site, method.lower())(address).status_code for name, site in visitors.items()
    }
    assert {name for name, status in answers.items() if status != 403} == PAGES[page]
    assert max(answers.values()) < 500
    nobody = getattr(Client(), method.lower())(address)
    assert nobody.status_code == 302
    assert nobody["Location"].startswith("/sign-in?")


def labels() -> set[str]:
    tables = (model._meta for model in admin_site.site._registry)
    return {
        f"{'agentic' if meta.label_lower == 'auth.group' else meta.app_label}.{meta.model_name}"
        for meta in tables
    }


def test_the_table_names_each_list_of_the_admin_site() -> None:
    assert sorted(labels()) == sorted(ADMIN_LISTS)


@pytest.fixture
def browsers(people: dict[str, User]) -> dict[str, Client]:
    """Everybody may enter the site: what they find there is the question."""
    found = {}
    for name, person in people.items():
        person.is_staff = True
        person.save(update_fields=["is_staff"])
        found[name] = Client()
        found[name].force_login(person, backend="agentic.passwords.PasswordBackend")
    return found


@pytest.mark.parametrize("label", ADMIN_LISTS)
def test_each_list_opens_for_whom_the_table_says(browsers: dict[str, Client], label: str) -> None:
    address = list_of(label)
    opened = {name for name, site in browsers.items() if site.get(address).status_code == 200}
    assert opened == ADMIN_LISTS[label]
    assert {site.get(address).status_code for site in browsers.values()} <= {200, 403}


def list_of(label: str) -> str:
    app, _, model = label.partition(".")
    app = "auth" if model == "group" else app
    return reverse(f"admin:{app}_{model}_changelist")


@pytest.mark.django_db
def test_nothing_of_the_admin_site_opens_before_a_sign_in(client: Client) -> None:
    plain = {page for page in addresses(get_resolver().url_patterns) if page.startswith("/admin/")}
    for page in plain - OPEN_PAGES:
        answer = client.get(re.sub(r"<[^>]*>|\(.*", "1", page))
        assert answer.status_code in {302, 404}, page
        assert "/admin/login/" in answer.get("Location", "/admin/login/"), page


def test_whoever_is_no_staff_finds_the_site_closed(people: dict[str, User]) -> None:
    site = Client()
    site.force_login(people["viewer"], backend="agentic.passwords.PasswordBackend")
    assert site.get("/admin/").status_code in {302, 403}
