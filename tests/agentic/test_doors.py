"""The home page, health, errors outside the API's views, and the list of calls."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from django.db import OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from agentic import VERSION, health, urls, views
from agentic.health import Finding, add_check
from agentic.permissions import Anyone, RulePermission
from agentic.roles import MATRIX
from agentic.routes import Route, api_routes
from agents.permissions import AgentOnly

OPEN = {
    "/api/v1/auth/token",
    "/api/v1/auth/token/refresh",
    "/api/v1/auth/logout",
    "/api/v1/auth/oidc/config",
    "/api/v1/auth/oidc/callback",
}
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def test_the_version_is_the_projects_own() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert project["project"]["version"] == VERSION


def test_a_program_is_told_what_this_is(client: Client) -> None:
    answer = client.get("/", headers={"Accept": "*/*"})
    assert answer.json() == {
        "name": "Agentic Agent Platform",
        "version": VERSION,
        "status": "running",
        "docs": "/api/docs",
    }
    assert answer["Vary"] == "Accept"


@pytest.mark.django_db
def test_a_browser_gets_a_page_whose_links_lead_somewhere(client: Client) -> None:
    page = client.get("/", headers=BROWSER).content.decode()
    for address in ("/sign-in", "/api/docs", "/readyz"):
        assert f'href="{address}"' in page
        assert client.get(address, follow=True).status_code == 200


@pytest.mark.parametrize("address", ["/health", "/healthz"])
def test_the_process_says_that_it_lives_without_any_database(client: Client, address: str) -> None:
    answer = client.get(address)  # the database is closed to a test that did not ask for it
    assert (answer.status_code, answer.json()) == (200, {"status": "healthy"})


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The kernel's own checks; what a test adds is gone after it."""
    own = {name: health.CHECKS[name] for name in ("database", "migrations", "broker")}
    monkeypatch.setattr(health, "CHECKS", own)
    return own


@pytest.mark.django_db
class TestReadiness:
    def test_it_is_ready_when_all_is_well(self, client: Client, checks: dict[str, Any]) -> None:
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (200, "ready")
        assert set(answer.json()["checks"]) == {"database", "migrations", "broker"}

    def test_it_is_degraded_and_serves_when_redis_is_away(
        self, client: Client, checks: dict[str, Any], settings: Any
    ) -> None:
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        assert answer.json()["checks"]["broker"] == {"ok": False, "detail": "does not answer"}

    def test_a_part_adds_its_own_check(self, client: Client, checks: dict[str, Any]) -> None:
        add_check("sweep", lambda: Finding(False, "last sweep 40 s ago"))
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        assert answer.json()["checks"]["sweep"]["detail"] == "last sweep 40 s ago"

    def test_a_needed_check_that_fails_closes_the_door(
        self, client: Client, checks: dict[str, Any]
    ) -> None:
        add_check("sweep", lambda: Finding(False, "never"), needed=True)
        answer = client.get("/readyz")
        assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
        assert answer.json()["checks"]["sweep"] == {"ok": False, "detail": "never"}

    def test_a_database_that_does_not_answer_is_503_and_tells_no_secrets(
        self, client: Client, checks: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*args: Any) -> None:
            raise OperationalError("connection to host 10.0.0.7 as user secret failed")

        monkeypatch.setattr(connection, "cursor", refuse)
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"] == {"database": {"ok": False, "detail": "does not answer"}}

    def test_a_migration_that_is_missing_closes_the_door(
        self, client: Client, checks: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        known = health.known_migrations() | {("agents", "0999_later")}
        monkeypatch.setattr(health, "known_migrations", lambda: known)
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert "1 not applied" in answer.json()["checks"]["migrations"]["detail"]

    def test_work_that_could_be_lost_closes_the_door(
        self, client: Client, checks: dict[str, Any]
    ) -> None:
        if connection.vendor != "postgresql":
            pytest.skip("synchronous_commit is PostgreSQL's")
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO off")
        assert "could be lost" in client.get("/readyz").json()["checks"]["database"]["detail"]

    def test_a_redis_that_breaks_off_is_no_accident(
        self, client: Client, checks: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken() -> Finding:
            raise redis.ConnectionError

        add_check("broker", broken)
        assert client.get("/readyz").json()["status"] == "degraded"


class WithAccidents:
    """The addresses as they are, and some behind which something breaks."""

    def __init__(self) -> None:
        self.handler404, self.handler500 = urls.handler404, urls.handler500
        accidents = [path("broken", broken), path("missing", missing), path("api/broken", broken)]
        self.urlpatterns = [*accidents, *urls.urlpatterns]


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a secret")


def missing(request: HttpRequest) -> HttpResponse:
    raise Http404


@pytest.fixture
def accidents(settings: Any) -> None:
    settings.ROOT_URLCONF = WithAccidents()


@pytest.mark.usefixtures("accidents")
class TestErrors:
    def test_an_address_that_is_not_there_is_a_problem_under_api(self, client: Client) -> None:
        answer = client.get("/api/v1/nothing")
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
        assert answer.json()["code"] == "not_found"

    @pytest.mark.parametrize("address", ["/nothing", "/missing"])
    def test_and_a_page_of_ours_elsewhere(self, client: Client, address: str) -> None:
        answer = client.get(address)
        assert answer.status_code == 404
        assert "There is nothing at this address" in answer.content.decode()

    def test_an_accident_tells_nothing_of_itself(self) -> None:
        client = Client(raise_request_exception=False)
        for address in ("/api/broken", "/broken"):
            answer = client.get(address)
            assert answer.status_code == 500
            assert "secret" not in answer.content.decode()
        assert client.get("/api/broken").json()["code"] == "server_error"
        assert "Something broke on our side" in client.get("/broken").content.decode()


@pytest.mark.parametrize(
    ("handler", "status"),
    [(views.bad_request, 400), (views.forbidden, 403), (views.not_found, 404)],
)
def test_each_error_is_json_for_programs_and_a_page_for_people(
    rf: Any, handler: Callable[..., HttpResponse], status: int
) -> None:
    problem, page = handler(rf.get("/api/v1/x"), Exception()), handler(rf.get("/x"), Exception())
    assert problem.status_code == page.status_code == status
    assert problem["Content-Type"] == "application/problem+json"
    assert page["Content-Type"].startswith("text/html")


def is_guarded(route: Route) -> bool:
    if route.guards == [RulePermission]:
        return route.rule in MATRIX
    if route.guards == [Anyone]:
        return route.path in OPEN
    return route.guards == [AgentOnly]


def test_every_call_names_a_rule_that_there_is_or_another_guard() -> None:
    routes = api_routes()
    assert {route.path.split("/")[3] for route in routes} >= {
        "auth",
        "admin",
        "decisions",
        "worker",
    }
    assert [route for route in routes if not is_guarded(route)] == []
