"""What no linter keeps: one place for imports, one writer of states, one rule for each route."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from agentic.permissions import Anyone, RulePermission
from agentic.roles import MATRIX
from agentic.routes import Route, api_routes
from agents.permissions import AgentOnly

ROOT = Path(__file__).parents[1]
OURS = ("agentic", "agents", "mlregistry", "decisions", "oversight")
# Whoever else is part of the house, and must not hide an import in a function either.
BESIDE = ("bench", "examples", "scripts", "tests")
# They carry out what `agentic.transitions` asks for. The last two close a form that people filled in, once and under
# its lock: no work goes on in it, and what comes of it is an event of the policy or the model.
WRITERS = {
    *(Path("agentic") / name for name in ("statements.py", "portable.py", "sql.py")),
    Path("decisions/services/drafts.py"),
    Path("mlregistry/services/activation_requests.py"),
}
STATE_COLUMNS = {"state", "status"}
WRITES_STATE = re.compile(r"\bset\s[^;]*\b(state|status)\s*=[^=]", re.IGNORECASE | re.DOTALL)
# Of Celery, and of no business of ours: deadlines are columns.
TIMED = {"eta", "countdown"}


def sources(*folders: str) -> dict[Path, ast.Module]:
    files = [
        *(path for folder in folders for path in (ROOT / folder).rglob("*.py")),
        ROOT / "manage.py",
    ]
    return {path.relative_to(ROOT): ast.parse(path.read_text()) for path in sorted(files)}


def at(path: Path, node: ast.AST) -> str:
    return f"{path}:{getattr(node, 'lineno', '?')}"


# Imports.


def hidden_imports(tree: ast.AST) -> Iterator[ast.AST]:
    """Imports of our packages inside functions."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        for node in ast.walk(function):
            if any(name.partition(".")[0] in OURS for name in imported(node)):
                yield node


def imported(node: ast.AST) -> list[str]:
    match node:
        case ast.Import():
            return [alias.name for alias in node.names]
        case ast.ImportFrom(module=module, level=level):
            return [OURS[0]] if level else [module or ""]
        case (
            ast.Call(func=ast.Name(id="import_module" | "__import__"))
            | ast.Call(func=ast.Attribute(attr="import_module"))
        ):
            first = node.args[0] if node.args else None
            return [str(first.value)] if isinstance(first, ast.Constant) else []
    return []


def test_no_function_hides_an_import() -> None:
    trees = sources(*OURS, *BESIDE)
    assert not [at(path, node) for path, tree in trees.items() for node in hidden_imports(tree)]


@pytest.mark.parametrize(
    "line",
    [
        "from decisions.work import load",
        "import agents.models",
        "from . import work",
        "importlib.import_module('decisions.work')",
    ],
)
def test_a_hidden_import_would_be_found(line: str) -> None:
    planted = f"async def call():\n    if True:\n        {line}\n"
    assert len(list(hidden_imports(ast.parse(planted)))) == 1
    assert not list(hidden_imports(ast.parse("import decisions\ndef call():\n    import os\n")))


# States.


def state_writes(tree: ast.AST) -> Iterator[ast.AST]:
    """Whatever could write a state past `agentic.transitions`."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets) if any(map(is_state, targets)):
                yield node
            case ast.AugAssign(target=target) | ast.AnnAssign(target=target) if is_state(target):
                yield node
            case ast.Call() if updates_state(node) or saves_state(node) or sets_state(node):
                yield node
            case ast.Constant(value=str(text)) if WRITES_STATE.search(text):
                yield node


def is_state(target: ast.AST) -> bool:
    """An attribute of something: `task.state`. A plain name is nobody's column."""
    if isinstance(target, ast.Tuple | ast.List):
        return any(map(is_state, target.elts))
    return isinstance(target, ast.Attribute) and target.attr in STATE_COLUMNS


def called(node: ast.Call) -> str:
    match node.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def updates_state(node: ast.Call) -> bool:
    """`.update(state=...)`, also through `**{...}`."""
    if called(node) not in {"update", "aupdate", "update_or_create", "aupdate_or_create"}:
        return False
    names = {word.arg for word in node.keywords}
    unpacked = [word.value for word in node.keywords if word.arg in {None, "defaults"}]
    names |= {key for value in unpacked for key in strings(value)}
    return not STATE_COLUMNS.isdisjoint(names - {None})


def saves_state(node: ast.Call) -> bool:
    """`save(update_fields=[...])`, `bulk_update(rows, [...])`."""
    if called(node) not in {"save", "asave", "bulk_update", "abulk_update", "bulk_create"}:
        return False
    named = [w.value for w in node.keywords if w.arg in {"update_fields", "fields"}]
    given = node.args[1:] if called(node).endswith("bulk_update") else []
    return any(not STATE_COLUMNS.isdisjoint(strings(value)) for value in [*named, *given])


def sets_state(node: ast.Call) -> bool:
    return called(node) == "setattr" and not STATE_COLUMNS.isdisjoint(
        text for value in node.args[1:2] for text in strings(value)
    )


def strings(node: ast.AST) -> list[str]:
    constants = (part for part in ast.walk(node) if isinstance(part, ast.Constant))
    return [part.value for part in constants if isinstance(part.value, str)]


def domain_code() -> dict[Path, ast.Module]:
    trees = sources(*OURS)
    return {path: tree for path, tree in trees.items() if "migrations" not in path.parts}


def test_states_have_one_writer() -> None:
    found = [
        at(path, node)
        for path, tree in domain_code().items()
        if path not in WRITERS
        for node in state_writes(tree)
    ]
    assert not found


@pytest.mark.parametrize(
    "line",
    [
        "Task.objects.filter(pk=pk).update(state='queued')",
        "Task.objects.update(due_at=None, **{'state': 'queued'})",
        "Task.objects.update_or_create(pk=pk, defaults={'status': 'queued'})",
        "task.state = 'queued'",
        "task.state, task.due_at = 'queued', None",
        "self.task.status: str = 'pending'",
        "task.save(update_fields=['due_at', 'state'])",
        "decision.save(update_fields=('status',))",
        "Task.objects.bulk_update(tasks, ['state'])",
        "Task.objects.bulk_update(tasks, fields=('state',))",
        "setattr(task, 'state', 'queued')",
        "cursor.execute('UPDATE tasks SET due_at = NULL, state = %s WHERE id = %s', params)",
    ],
)
def test_another_writer_of_states_would_be_found(line: str) -> None:
    assert list(state_writes(ast.parse(f"def call(task, pk):\n    {line}\n")))


@pytest.mark.parametrize(
    "line",
    [
        "state = 'queued'",
        "if task.state == 'queued': pass",
        "Task.objects.filter(state='queued').update(due_at=None)",
        "values.update({'title': state})",
        "task.save(update_fields=['due_at'])",
        "cursor.execute('SELECT 1 FROM tasks WHERE state = %s')",
    ],
)
def test_whoever_only_reads_a_state_is_left_alone(line: str) -> None:
    assert not list(state_writes(ast.parse(line)))


def test_the_writers_are_where_this_test_believes_them() -> None:
    assert all((ROOT / path).exists() for path in WRITERS)


# Timers.


def timed_messages(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in TIMED:
            yield node
        if isinstance(node, ast.Dict) and TIMED & {
            text for key in node.keys if key for text in strings(key)
        }:
            yield node


def test_no_message_waits_for_its_time() -> None:
    assert not [at(p, node) for p, tree in domain_code().items() for node in timed_messages(tree)]


@pytest.mark.parametrize("word", ["eta=when", "countdown=5", "**{'countdown': 5}"])
def test_a_message_that_waits_would_be_found(word: str) -> None:
    assert list(timed_messages(ast.parse(f"sweep.apply_async({word})")))


# Routes.


def unguarded(routes: list[Route]) -> list[str]:
    """Those that neither a rule of people nor one of the two other guards stands before."""
    return [f"{route.method} {route.path}" for route in routes if not is_guarded(route)]


def is_guarded(route: Route) -> bool:
    if route.guards == [RulePermission]:
        return route.rule in MATRIX
    return route.guards in ([AgentOnly], [Anyone])


def test_every_route_has_a_rule_or_says_whom_it_is_for() -> None:
    assert len(api_routes()) > 30
    assert not unguarded(api_routes())


class WithoutRule(APIView):
    def get(self) -> None: ...


class WithUnknownRule(WithoutRule):
    rules = {"GET": "tasks.guess"}


class WithoutGuard(WithoutRule):
    permission_classes = ()


@pytest.mark.parametrize("view", [WithoutRule, WithUnknownRule, WithoutGuard])
def test_an_open_door_would_be_found(view: type[APIView]) -> None:
    assert unguarded([Route("/api/v1/open", "GET", view)]) == ["GET /api/v1/open"]


def patterns(resolver: Any, prefix: str = "/") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern.url_patterns, path)
        else:
            yield path, pattern


def test_nothing_below_the_api_is_past_its_guards() -> None:
    """A plain function there would have no guard, and would not be in the list of routes."""
    everywhere = patterns(get_resolver().url_patterns)
    mine = {path: p.callback for path, p in everywhere if path.startswith("/api/v1/")}
    classes = {path: getattr(view, "cls", object) for path, view in mine.items()}
    assert not [path for path, view in classes.items() if not issubclass(view, APIView)]
    assert {route.path for route in api_routes()} == set(mine)


def test_every_rule_stands_before_a_door_or_in_the_admin_site() -> None:
    said = " ".join(text for tree in domain_code().values() for text in strings(tree))
    assert not [rule for rule in MATRIX if said.count(rule) < 2]
