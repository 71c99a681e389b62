"""The API's document: every call is in it, its examples are true, and it is served to programs and to people."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec
import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from jsonschema import Draft202012Validator, FormatChecker

from agentic import documents
from agentic.models import User
from agentic.openapi import Described, document, roles_for
from agentic.operations import REFUSALS
from agentic.roles import MATRIX, may
from agentic.routes import api_routes
from tests.conftest import Api
from tests.decisions.threads import at_once

ClientFor = Callable[[User | str | None], Api]
Call = tuple[str, str, dict[str, Any]]


def calls() -> list[Call]:
    paths: dict[str, Any] = document()["paths"]
    return [
        (path, method, call)
        for path, methods in sorted(paths.items())
        for method, call in methods.items()
    ]


each_call = pytest.mark.parametrize(
    ("path", "method", "call"), calls(), ids=lambda part: part if isinstance(part, str) else ""
)


def documented(path: str) -> str:
    """An address of Django's as the document writes it."""
    return path.replace("<str:", "{").replace(">", "}")


def test_no_call_is_left_out() -> None:
    routes = {(documented(route.path), route.method.lower()) for route in api_routes()}
    assert len(routes) > 40
    assert {(path, method) for path, method, _ in calls()} == routes


def test_a_call_that_is_not_described_would_be_found(capsys: pytest.CaptureFixture[str]) -> None:
    class Silent:
        operations: dict[str, Any] = {}

    inspector: Any = Described()
    inspector.view = Silent()
    assert inspector.get_operation("/api/v1/silent", "", "", "GET", None) is None
    assert "GET /api/v1/silent is not described" in capsys.readouterr().err


def test_it_is_valid_and_written_without_a_warning(tmp_path: Any) -> None:
    file = tmp_path / "schema.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(file))
    assert yaml.safe_load(file.read_text())["openapi"].startswith("3.1")


def refs(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from ([part["$ref"]] if isinstance(part.get("$ref"), str) else [])
        for value in part.values():
            yield from refs(value)
    if isinstance(part, list):
        for value in part:
            yield from refs(value)


def test_everything_that_it_refers_to_is_there_and_has_a_plain_name() -> None:
    found = document()
    for ref in set(refs(found)):
        _, kind, name = ref.removeprefix("#/").split("/")
        assert name in found["components"][kind], ref
        assert name.isalnum(), ref


def test_its_names_of_calls_are_unique() -> None:
    names = [call["operationId"] for _, _, call in calls()]
    assert len(set(names)) == len(names)


@each_call
def test_each_call_says_what_it_does_and_who_may(
    path: str, method: str, call: dict[str, Any]
) -> None:
    assert call["summary"]
    assert call["x-roles"]
    assert f"Who may: {', '.join(call['x-roles'])}." in call["description"]
    schemes = document()["components"]["securitySchemes"]
    assert all(name in schemes for scheme in call["security"] for name in scheme)


def examples(call: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Any]]:
    bodies = [call.get("requestBody", {}), *call["responses"].values()]
    for body in bodies:
        for content in body.get("content", {}).values():
            yield content["schema"], content["example"]


@each_call
def test_each_example_fits_its_schema(path: str, method: str, call: dict[str, Any]) -> None:
    found = list(examples(call))
    assert found
    for schema, example in found:
        whole = {**schema, "components": document()["components"]}
        Draft202012Validator(whole, format_checker=FormatChecker()).validate(example)


@each_call
def test_each_example_is_understood(path: str, method: str, call: dict[str, Any]) -> None:
    """By the very Struct that reads the body."""
    route = next(
        r for r in api_routes() if (documented(r.path), r.method.lower()) == (path, method)
    )
    operation = route.operation
    assert operation
    if operation.body:
        msgspec.json.decode(json.dumps(operation.example), type=operation.body)


@each_call
def test_each_refusal_is_a_problem(path: str, method: str, call: dict[str, Any]) -> None:
    refused = {int(status) for status in call["responses"] if int(status) >= 400}
    assert {406, 429, 503} <= refused <= set(REFUSALS)
    if call["security"]:
        assert {401, 403} <= refused
    if "{" in path:
        assert 404 in refused
    responses = document()["components"]["responses"]
    for status in refused - {414}:  # the server's own, without a body
        assert list(responses[str(status)]["content"]) == ["application/problem+json"]


@each_call
def test_each_post_takes_an_idempotency_key(path: str, method: str, call: dict[str, Any]) -> None:
    headers = {part["name"] for part in call["parameters"] if part["in"] == "header"}
    assert headers == ({"Idempotency-Key"} if method == "post" else set())


@pytest.mark.parametrize("rule", MATRIX)
def test_the_roles_of_a_rule_are_those_that_it_lets_in(
    rule: str, admin: User, manager: User, reviewer: User, viewer: User, stranger: User
) -> None:
    cast = {"admin": admin, "agent_manager": manager, "reviewer": reviewer, "viewer": viewer}
    let_in = [role for role in roles_for(rule) if role in cast]
    if let_in:
        assert {role for role, person in cast.items() if may(person, rule)} == set(let_in)
    else:
        assert may(stranger, rule)


def test_programs_read_it_as_json_or_as_yaml(client: Client) -> None:
    as_json = client.get("/api/schema")
    assert as_json["Content-Type"] == "application/json"
    for as_yaml in (
        client.get("/api/schema?format=yaml"),
        client.get("/api/schema", headers={"Accept": "application/yaml"}),
    ):
        assert as_yaml["Content-Type"] == "application/yaml"
        assert yaml.safe_load(as_yaml.content) == as_json.json()


def test_the_page_loads_nothing_from_elsewhere(client: Client) -> None:
    page = client.get("/api/docs").content.decode()
    assert 'data-schema="/api/schema"' in page
    assert "swagger-ui-bundle.js" in page
    assert "://" not in page


@pytest.mark.django_db
def test_a_question_that_a_call_does_not_know_is_not_looked_at(
    client_for: ClientFor, viewer: User
) -> None:
    assert client_for(viewer).get("/decisions/tasks", surprise="1").status_code == 200


@pytest.mark.django_db
def test_another_method_is_told_which_there_are(client_for: ClientFor, admin: User) -> None:
    answer = client_for(admin).send("put", "/decisions/tasks", {})
    assert answer.status_code == 405
    assert answer["Content-Type"] == "application/problem+json"
    assert set(answer["Allow"].split(", ")) >= {"GET", "POST"}


@pytest.mark.django_db
def test_who_takes_no_json_is_told_so(client_for: ClientFor, viewer: User) -> None:
    api = client_for(viewer)
    api.headers |= {"Accept": "text/csv"}
    answer = api.get("/decisions/tasks")
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
    assert answer["Content-Type"] == "application/problem+json"


def test_several_may_ask_for_it_first_at_once() -> None:
    documents.drawn.cache_clear()
    asked = [partial(documents.rendered, kind) for kind in (documents.JSON, documents.YAML) * 2]
    first, second, *again = at_once(*asked)
    assert again == [first, second]
    assert b"/api/v1/auth/token" in first
