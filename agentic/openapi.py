"""The API's document, OpenAPI 3.1: read off the views, their rules and what they say of themselves."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from django.db.models import Choices
from drf_spectacular.drainage import warn
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry

from agentic import problems
from agentic.answers import Problem
from agentic.models import User
from agentic.operations import REFUSALS, Operation, Query, Refusal, refusals
from agentic.roles import Role, may
from agentic.routes import api_routes

Schema = dict[str, Any]
SCHEMAS = "#/components/schemas/{name}"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
ID = {"type": "string", "format": "uuid"}
FILE = {"schema": {"type": "string", "format": "binary"}, "example": "the bytes of a file"}
SECURITY_SCHEMES = {
    "accessToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A person's, from `POST /api/v1/auth/token`; good for ten minutes.",
    },
    "agentKey": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "aap_<prefix>_<secret>",
        "description": "An agent's, from `POST /api/v1/admin/agents/{id}/keys`; shown once.",
    },
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key with the same body gets the same answer for 24 hours, and has one effect.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "pattern": "^[!-~]([ -~]*[!-~])?$",
    },
}
RETRY_AFTER = {"Retry-After": {"description": "In seconds.", "schema": {"type": "integer"}}}
CHALLENGE = {"WWW-Authenticate": {"description": "`Bearer`.", "schema": {"type": "string"}}}
HEADERS = {401: CHALLENGE, 429: RETRY_AFTER}


class Described(AutoSchema):
    """Takes what `operations` of a view says; a method that it does not describe is a warning, and no more."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> Schema | None:
        operation: Operation | None = getattr(self.view, "operations", {}).get(method)
        if operation is None:
            warn(f"{method} {path} is not described")
            return None
        guard: Any = self.view.permission_classes[0]
        scheme: str = guard.scheme
        return {
            "operationId": operation_id(path, method),
            "summary": operation.summary,
            "description": f"{operation.about}\n\nWho may: {', '.join(who(self.view, method))}.".strip(),
            "tags": [path.split("/")[3]],
            "parameters": parameters(operation, path, method),
            **({"requestBody": request_body(operation)} if takes_body(operation) else {}),
            "responses": responses(operation, path, method, is_open=not scheme),
            "security": [{scheme: []}] if scheme else [],
            "x-roles": who(self.view, method),
        }


def operation_id(path: str, method: str) -> str:
    """`/api/v1/admin/agents/{agent_id}/keys`, GET: `admin_agents_keys_get`, or `..._one_get` where it ends in an id."""
    words = [part.replace("-", "_") for part in path.split("/")[3:] if "{" not in part]
    one = ["one"] if path.endswith("}") else []
    return "_".join([*words, *one, method.lower()])


def who(view: Any, method: str) -> list[str]:
    rule = getattr(view, "rules", {}).get(method)
    return roles_for(rule) if rule else [view.permission_classes[0].who]


def roles_for(rule: str) -> list[str]:
    """The roles that a rule lets in, each by itself."""
    if may(person(), rule):
        return ["anyone who is signed in"]
    return [role.value for role in Role if may(person(role), rule)]


def person(*roles: Role) -> User:
    """Nobody in the database; somebody with these roles as the rules see it."""
    somebody = User(is_active=True)
    somebody.role_names = frozenset(role.value for role in roles)
    return somebody


def parameters(operation: Operation, path: str, method: str) -> list[Schema]:
    ids = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    found: list[Schema] = [
        {"name": name, "in": "path", "required": True, "schema": ID} for name in ids
    ]
    found += [question(query) for query in operation.query]
    return [*found, IDEMPOTENCY_KEY] if method == "POST" else found


def question(query: Query) -> Schema:
    schema = dict(schema_of(query.type))
    if query.default is not None:
        schema["default"] = query.default
    if schema.get("type") != "integer":
        schema = or_empty(schema)
    return {"name": query.name, "in": "query", "description": query.about, "schema": schema}


def or_empty(schema: Schema) -> Schema:
    """`state=` asks for nothing: the same as to leave it out."""
    if "enum" in schema:
        return {**schema, "enum": ["", *schema["enum"]]}
    return {"anyOf": [schema, {"const": ""}]} if {"format", "pattern"} & set(schema) else schema


def takes_body(operation: Operation) -> bool:
    return bool(operation.body or operation.takes)


def request_body(operation: Operation) -> Schema:
    if operation.takes:
        return {"required": True, "content": {operation.takes: FILE}}
    content = {"schema": schema_of(operation.body), "example": operation.example}
    kinds = (JSON, FORM) if operation.takes_forms else (JSON,)
    return {"required": needs_body(operation.body), "content": dict.fromkeys(kinds, content)}


def needs_body(body: Any) -> bool:
    """Nothing at all is read as an empty object."""
    return any(part.required for part in msgspec.structs.fields(body))


def responses(operation: Operation, path: str, method: str, *, is_open: bool) -> Schema:
    refused = refusals(operation, method=method, path=path, is_open=is_open)
    return {
        str(operation.status): {"description": "Done.", "content": good(operation)},
        **{
            str(other.status): {
                "description": other.about,
                "content": {JSON: shaped(other.answer, other.answered)},
            }
            for other in operation.others
        },
        **{str(status): {"$ref": f"#/components/responses/{status}"} for status in refused},
    }


def good(operation: Operation) -> Schema:
    if operation.gives:
        return {operation.gives: FILE}
    return {JSON: shaped(operation.answer, operation.answered)}


def shaped(answer: Any, answered: Any) -> Schema:
    return {"schema": schema_of(answer), "example": answered}


def schema_of(shape: Any) -> Schema:
    schemas, _ = shapes()
    return schemas[shape]


@cache
def shapes() -> tuple[dict[Any, Schema], dict[str, Schema]]:
    """Every type that a call takes or gives: how to refer to it, and the components that it refers to."""
    types = [kind for route in api_routes() if route.operation for kind in route.operation.types]
    types = list(dict.fromkeys([Problem, *types]))
    schemas, components = msgspec.json.schema_components(
        types, schema_hook=choices, ref_template=SCHEMAS
    )
    return dict(zip(types, map(portable, schemas), strict=True)), portable(components)


def choices(kind: type) -> Schema:
    """A closed list of words, with a sentence for each."""
    if not issubclass(kind, Choices):
        raise NotImplementedError
    said = "\n".join(f"- `{value}`: {label}" for value, label in kind.choices if value != label)
    return {"type": "string", "enum": kind.values, "description": said}


def portable(schema: Any) -> Any:
    """As every reader understands it: `\\Z` is Python's own word for the end of a text."""
    if isinstance(schema, dict):
        return {
            name: value.replace(r"\Z", "$") if name == "pattern" else portable(value)
            for name, value in schema.items()
        }
    return [portable(item) for item in schema] if isinstance(schema, list) else schema


def complete(result: Schema, generator: Any, request: Any, public: bool) -> Schema:
    """What all operations refer to. A hook of the generator's."""
    _, components = shapes()
    refused = {str(status): refusal(status, told) for status, told in REFUSALS.items()}
    result["components"] = {
        "schemas": components,
        "responses": refused,
        "securitySchemes": SECURITY_SCHEMES,
    }
    return result


def refusal(status: int, told: Refusal) -> Schema:
    if not told.code:
        return {"description": told.about}
    example = problems.body(status, told.code, told.detail, **told.members)
    content = {"schema": schema_of(Problem), "example": example}
    headers = {"headers": HEADERS[status]} if status in HEADERS else {}
    return {"description": told.about, "content": {problems.MEDIA_TYPE: content}, **headers}


@cache
def document() -> Schema:
    """The whole document; it is the same for everybody, and for as long as the process runs."""
    generator: Any = SchemaGenerator
    schema: Schema = generator().get_schema(public=True)
    return schema
